package io.redoubt.persist;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Settings of the append-only file, read when they are needed.
 *
 * @param folder the server's working directory
 * @param folderName of the folder in it
 * @param fileName what the names of all files begin with
 */
public record AofSettings(
        Supplier<Path> folder,
        Supplier<String> folderName,
        Supplier<String> fileName,
        BooleanSupplier usesRdbBase,
        BooleanSupplier compresses,
        BooleanSupplier checksums,
        BooleanSupplier loadsTruncated,
        BooleanSupplier keepsHistory,
        BooleanSupplier savesWithoutSync,
        LongSupplier rewritePercentage,
        LongSupplier rewriteBytesMin,
        LongSupplier keySaveDelayMicros) {
    Path path() {
        return folder.get().toAbsolutePath().resolve(folderName.get());
    }
}
