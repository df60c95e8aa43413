package io.redoubt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.redoubt.command.RawPeer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Users and settings with every odd byte in them are after a restart what they were when they were saved. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ParameterizedClass(name = "profile {0}")
@ValueSource(strings = {"redis", "strict"})
class RoundTripTest {
    private static final String ODD = "\"'()\\#~&%>+-=|*?[]^$:.\u0001\u001b\u007f\u0080\u00e9\u00ff";
    private static final List<String> COMMANDS = List.of(
            "+@all",
            "-@all",
            "+get",
            "-get",
            "+@read",
            "-@write",
            "+config|get",
            "-config|set",
            "+select|0",
            "nocommands",
            "allcommands",
            "+@hash",
            "-@dangerous",
            "+client|id",
            "+SET");

    /** What would end the test, or needs files or interfaces that are not there. */
    private static final List<String> LEFT_ALONE = List.of(
            "requirepass", "masterauth", "bind", "dir", "port", "maxmemory", "maxclients", "replicaof", "slaveof");

    @RegisterExtension
    final RedoubtServer server;

    private final String profile;

    RoundTripTest(String profile) {
        this.profile = profile;
        server = RedoubtServer.with("security-profile " + profile, "enable-protected-configs yes");
    }

    private static String odd(SplittableRandom random, int lengthMin, String more) {
        String bytes = ODD + "abc" + more;
        var text = new StringBuilder();
        for (int left = lengthMin + random.nextInt(6); left > 0; left--) {
            text.append(bytes.charAt(random.nextInt(bytes.length())));
        }
        return text.toString();
    }

    private static String any(SplittableRandom random, List<String> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static String rightRule(SplittableRandom random) {
        return switch (random.nextInt(12)) {
            case 0, 1 -> "~" + odd(random, 0, "");
            case 2 -> "%R~" + odd(random, 0, "");
            case 3 -> "%W~" + odd(random, 0, "");
            case 4, 5 -> "&" + odd(random, 0, "");
            case 6 -> any(random, List.of("allkeys", "resetkeys", "allchannels", "resetchannels"));
            case 7 -> any(random, List.of("alldbs", "resetdbs", "db=0", "db=3,1", "db=1,2,15"));
            default -> any(random, COMMANDS);
        };
    }

    private static String userRule(SplittableRandom random) {
        return switch (random.nextInt(10)) {
            case 0 -> any(random, List.of("on", "off"));
            case 1 -> ">" + odd(random, 0, " \n\t\r\0");
            case 2 -> "#" + "0123456789abcdef".repeat(4);
            case 3 -> any(random, List.of("nopass", "resetpass", "clearselectors", "sanitize-payload", "reset"));
            case 4, 5 -> selector(random);
            default -> rightRule(random);
        };
    }

    private static String selector(SplittableRandom random) {
        var rules = new ArrayList<String>();
        for (int left = random.nextInt(5); left >= 0; left--) {
            rules.add(rightRule(random));
        }
        return "(" + String.join(" ", rules) + ")";
    }

    /** Makes users; one rule at a time, so that a bad one does not take the good ones along. */
    private static void makeUsers(RespClient admin, SplittableRandom random) {
        for (int i = 0; i < 30; i++) {
            String name = odd(random, 1, "");
            for (int rules = random.nextInt(8); rules >= 0; rules--) {
                admin.send("ACL", "SETUSER", name, userRule(random));
            }
        }
        assertThat((List<?>) admin.send("ACL", "LIST")).hasSizeGreaterThan(25);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void users_in_a_file_of_their_own(long seed) throws Exception {
        Files.writeString(server.directory().resolve("users.acl"), "");
        server.addLines("aclfile users.acl");
        server.restart();
        var admin = server.client();
        makeUsers(admin, new SplittableRandom(seed));
        assertThat(admin.send("ACL", "SAVE")).isEqualTo("OK");
        Object before = admin.send("ACL", "LIST");
        assertThat(admin.send("ACL", "LOAD")).isEqualTo("OK");
        assertThat(admin.send("ACL", "LIST")).isEqualTo(before);
        server.restart();
        assertThat(server.client().send("ACL", "LIST")).isEqualTo(before);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {4, 5, 6})
    void users_in_the_configuration_file(long seed) throws Exception {
        var admin = server.client();
        makeUsers(admin, new SplittableRandom(seed));
        Object before = admin.send("ACL", "LIST");
        assertThat(admin.send("CONFIG", "REWRITE")).isEqualTo("OK");
        server.restart();
        admin = server.client();
        assertThat(admin.send("ACL", "LIST")).isEqualTo(before);
        assertThat(admin.send("CONFIG", "REWRITE")).isEqualTo("OK");
        server.restart();
        assertThat(server.client().send("ACL", "LIST")).isEqualTo(before);
    }

    @Test
    void redis_server_reads_what_was_saved() throws Exception {
        var program = RawPeer.find();
        assumeTrue(program.isPresent(), "redis-server is not installed");
        var file = server.directory().resolve("users.acl");
        Files.writeString(file, "");
        server.addLines("aclfile users.acl");
        server.restart();
        var admin = server.client();
        makeUsers(admin, new SplittableRandom(7));
        withoutDatabases(admin);
        assertThat(admin.send("ACL", "SAVE")).isEqualTo("OK");
        // In quotes stands what redis-server would take for two words if it had written it itself.
        var before = texts(admin.send("ACL", "LIST")).stream()
                .filter(line -> !line.contains("\""))
                .toList();
        try (var real = RawPeer.start(program.get(), server.directory(), "--aclfile", file.toString())) {
            var client = server.kept(RespClient.connect(real.port()));
            var theirs = texts(client.send("ACL", "LIST"));
            assertThat(theirs).hasSameSizeAs(texts(admin.send("ACL", "LIST")));
            if (profile.equals("redis")) { // Of commands, the other profile writes what newer versions do.
                assertThat(theirs).containsAll(before);
            }
        }
    }

    private static List<String> texts(Object list) {
        return ((List<?>) list).stream().map(String::valueOf).toList();
    }

    /** What redis-server has no words for. */
    private static void withoutDatabases(RespClient admin) {
        for (Object line : (List<?>) admin.send("ACL", "LIST")) {
            String text = String.valueOf(line);
            if (text.contains("db")) {
                admin.send("ACL", "DELUSER", text.split(" ")[1]);
            }
        }
    }

    @Test
    void users_in_the_configuration_file_are_the_bytes_that_clients_send() throws Exception {
        server.addLines("user ж\u00e9 on >пароль ~ключ:* +@all");
        server.restart();
        String name = new String("ж\u00e9".getBytes(UTF_8), ISO_8859_1);
        String password = new String("пароль".getBytes(UTF_8), ISO_8859_1);
        String key = new String("ключ:1".getBytes(UTF_8), ISO_8859_1);
        assertThat(server.client().send("AUTH", name, "??????")).isInstanceOf(RespError.class);
        assertThat(server.clientAs(name, password).send("SET", key, "value")).isEqualTo("OK");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {8, 9})
    void settings(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        var admin = server.client();
        var names = List.copyOf(((Map<?, ?>) hello3(admin).send("CONFIG", "GET", "*")).keySet());
        for (int i = 0; i < 400; i++) {
            String name = String.valueOf(names.get(random.nextInt(names.size())));
            if (!LEFT_ALONE.contains(name)) {
                String value = random.nextInt(3) > 0
                        ? any(random, List.of("yes", "no", "1", "12345", "100mb", "", "AKE"))
                        : new String(odd(random, 0, " \n\t\r").getBytes(UTF_8), ISO_8859_1);
                admin.send("CONFIG", "SET", name, value);
            }
        }
        Object before = admin.send("CONFIG", "GET", "*");
        assertThat(admin.send("CONFIG", "REWRITE")).isEqualTo("OK");
        server.restart();
        assertThat(withoutPort(hello3(server.client()).send("CONFIG", "GET", "*")))
                .isEqualTo(withoutPort(before));
    }

    private static RespClient hello3(RespClient client) {
        client.send("HELLO", "3");
        return client;
    }

    private static Map<?, ?> withoutPort(Object settings) {
        var map = new TreeMap<String, Object>();
        ((Map<?, ?>) settings).forEach((name, value) -> map.put(String.valueOf(name), String.valueOf(value)));
        map.remove("port");
        return map;
    }

    @Test
    void a_file_that_cannot_be_replaced_is_left_as_it_is() throws Exception {
        Files.writeString(server.directory().resolve("users.acl"), "user default on nopass ~* &* +@all\n");
        server.addLines("aclfile users.acl");
        server.restart();
        var admin = server.client();
        var folder = server.directory();
        var moved = folder.resolveSibling(folder.getFileName() + "-moved");
        Files.move(folder, moved);
        try {
            assertThat(admin.send("CONFIG", "REWRITE"))
                    .isEqualTo(RespError.error("ERR Rewriting config file: No such file or directory"));
            assertThat(admin.send("ACL", "SAVE"))
                    .isEqualTo(RespError.error("ERR There was an error trying to save the ACLs. Please check the server"
                            + " logs for more information"));
        } finally {
            Files.move(moved, folder);
        }
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())).sorted())
                    .containsExactly("redis.conf", "users.acl");
        }
        assertThat(admin.send("ACL", "SAVE")).isEqualTo("OK");
    }
}
