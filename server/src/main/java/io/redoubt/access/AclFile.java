package io.redoubt.access;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Files of users: one `user` line each, nothing else. */
final class AclFile {
    private static final String UNCHANGED =
            "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

    private AclFile() {}

    static String open(Path path) throws AclException {
        try {
            return Files.readString(path, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException missing) {
            throw new AclException("Error loading ACLs, opening file '" + path + "': No such file or directory");
        } catch (IOException e) {
            throw new AclException("Error loading ACLs, opening file '" + path + "': " + reason(e));
        }
    }

    private static String reason(IOException e) {
        return e instanceof java.nio.file.AccessDeniedException ? "Permission denied" : String.valueOf(e.getMessage());
    }

    /** Reads all lines and makes the users; one error anywhere, and there are none. */
    static Map<String, UserRules> read(String path, String text, java.util.function.Function<String, UserRules> fresh)
            throws AclException {
        var errors = new StringBuilder();
        var users = new LinkedHashMap<String, UserRules>();
        boolean hasReason = false;
        int number = 0;
        for (var raw : text.split("\n", -1)) {
            number++;
            String line = trim(raw);
            if (line.isEmpty()) {
                continue;
            }
            String where = path + ":" + number;
            var words = List.of(line.split(" ", -1));
            if (!words.getFirst().equals("user") || words.size() < 2) {
                errors.append(where).append(" should start with user keyword followed by the username. ");
                continue;
            }
            String name = words.get(1);
            if (users.containsKey(name)) {
                errors.append("WARNING: Duplicate user '").append(name).append("' found on line ").append(number)
                        .append(". ");
                continue;
            }
            if (!isName(name) || name.isEmpty()) {
                errors.append('\'').append(where).append(": username '").append(name)
                        .append("' contains invalid characters. ");
                continue;
            }
            var user = fresh.apply(name);
            users.put(name, user);
            hasReason = applyLine(user, words.subList(2, words.size()), where, errors, hasReason);
        }
        if (!errors.isEmpty()) {
            throw new AclException(errors + UNCHANGED);
        }
        return users;
    }

    /** Applies a line's rules one by one, because each unknown command is told, not only the first. */
    private static boolean applyLine(
            UserRules user, List<String> rules, String where, StringBuilder errors, boolean hadReason) {
        List<String> joined;
        try {
            joined = UserRules.joinSelectors(rules);
        } catch (RuleException e) {
            errors.append(where).append(": Unmatched parenthesis in selector definition.");
            return hadReason;
        }
        boolean hasReason = hadReason;
        for (var rule : joined) {
            try {
                user.applyAll(List.of(rule));
            } catch (RuleException e) {
                if (e.isUnknownCommand()) {
                    errors.append(where).append(": Error in applying operation '").append(rule).append("': ")
                            .append(e.reason()).append(". ");
                } else if (!hasReason) {
                    errors.append(where).append(": ").append(e.reason()).append(". ");
                    hasReason = true;
                }
            }
        }
        return hasReason;
    }

    private static String trim(String line) {
        int from = 0;
        int to = line.length();
        while (from < to && " \t\r\n".indexOf(line.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && " \t\r\n".indexOf(line.charAt(to - 1)) >= 0) {
            to--;
        }
        return line.substring(from, to);
    }

    static boolean isName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == 0 || c == ' ' || c >= '\t' && c <= '\r') {
                return false;
            }
        }
        return true;
    }

    /** Replaces a file so that after a crash it is either the old one or the new one. */
    static void write(Path path, Collection<User> users) throws IOException {
        var text = new StringBuilder();
        users.forEach(user -> text.append(user.rules().line()).append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        var target = path.toAbsolutePath();
        var folder = target.getParent();
        if (folder == null) {
            throw new IOException("no folder: " + path);
        }
        var permissions = Files.exists(target) && folder.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? Files.getPosixFilePermissions(target)
                : null;
        var temporary = Files.createTempFile(folder, target.getFileName().toString(), ".tmp");
        try {
            try (var channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                var buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            if (permissions != null) {
                Files.setPosixFilePermissions(temporary, permissions);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true); // The name is durable only with its folder.
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Returns the lines that configuration files hold, when no ACL file is used. */
    static List<String> lines(Collection<User> users) {
        var lines = new ArrayList<String>();
        users.forEach(user -> lines.add(user.rules().line()));
        return lines;
    }
}
