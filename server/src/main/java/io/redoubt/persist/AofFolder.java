package io.redoubt.persist;

import io.redoubt.persist.AofManifest.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The folder of an append-only file, and its manifest, which names the files that count. A change of the set becomes
 * real when the new manifest takes the place of the old one; before that the old set is complete. Thread-safe.
 */
final class AofFolder {
    private final AofSettings settings;
    private final Persistence.Log log;
    private AofManifest manifest = AofManifest.EMPTY;

    AofFolder(AofSettings settings, Persistence.Log log) {
        this.settings = settings;
        this.log = log;
    }

    synchronized AofManifest manifest() {
        return manifest;
    }

    Path path() {
        return settings.path();
    }

    Path resolve(String name) {
        return path().resolve(name);
    }

    String fileName() {
        return settings.fileName().get();
    }

    private String manifestName() {
        return fileName() + ".manifest";
    }

    /** Reads the manifest, if there is one. */
    synchronized void readManifest() throws AofLoader.UnloadableException {
        Path file = resolve(manifestName());
        if (!Files.exists(file)) {
            return;
        }
        try {
            manifest = AofManifest.parse(Files.readAllBytes(file));
        } catch (IOException failure) {
            throw new AofLoader.UnloadableException(
                    "Fatal error: can't open the AOF manifest file " + manifestName() + " for reading: " + failure);
        } catch (AofManifest.BadManifestException bad) {
            log.warning("*** FATAL AOF MANIFEST FILE ERROR ***");
            if (bad.lineNumber > 0) {
                log.warning("Reading the manifest file, at line " + bad.lineNumber);
                log.warning(">>> '" + bad.line + "'");
            }
            throw new AofLoader.UnloadableException(String.valueOf(bad.getMessage()));
        }
    }

    /** Puts a manifest in the place of the one before. */
    synchronized void put(AofManifest changed) throws IOException {
        Files.createDirectories(path());
        String name = manifestName();
        try (var file = SnapshotFile.create(path(), name, "temp-" + name)) {
            byte[] text = changed.text();
            file.write(text, 0, text.length);
            file.commit();
        }
        manifest = changed;
    }

    /**
     * Takes over the single file of a Redis before 7, if there is one in the working directory and nothing newer, as the
     * base.
     */
    synchronized void takeOldFile() throws IOException {
        String name = fileName();
        Path old = settings.folder().get().toAbsolutePath().resolve(name);
        if (!Files.isRegularFile(old)) {
            return;
        }
        var base = manifest.base();
        boolean isInterrupted = base != null
                && manifest.increments().isEmpty()
                && base.name().equals(name)
                && !Files.exists(resolve(name));
        if (!manifest.isEmpty() && !isInterrupted) {
            return;
        }
        put(new AofManifest(new Part(name, 1), manifest.history(), manifest.increments(), 1, manifest.incrementSeq()));
        Files.move(old, resolve(name), StandardCopyOption.ATOMIC_MOVE);
        log.notice("Successfully migrated an old-style AOF file (" + name + ") into the AOF directory ("
                + settings.folderName().get() + ").");
    }

    /** Size of one file. */
    long size(Part part) throws AofLoader.UnloadableException {
        Path file = resolve(part.name());
        try {
            return Files.size(file);
        } catch (IOException failure) {
            String reason = Files.exists(file) ? failure.toString() : "No such file or directory";
            throw new AofLoader.UnloadableException(
                    "Unable to obtain the AOF file " + part.name() + " length. stat: " + reason);
        }
    }

    /** Size of all files that count. */
    synchronized long size() throws AofLoader.UnloadableException {
        long bytes = 0;
        for (var part : manifest.parts()) {
            bytes += size(part);
        }
        return bytes;
    }

    /** Deletes what is history, unless it is to be kept. */
    synchronized void deleteHistory() {
        if (manifest.history().isEmpty() || settings.keepsHistory().getAsBoolean()) {
            return;
        }
        try {
            for (var part : manifest.history()) {
                log.notice("Removing the history file " + part.name() + " in the background");
                Files.deleteIfExists(resolve(part.name()));
            }
            put(manifest.withoutHistory());
        } catch (IOException failure) {
            log.warning("Cannot remove history of the AOF: " + failure);
        }
    }
}
