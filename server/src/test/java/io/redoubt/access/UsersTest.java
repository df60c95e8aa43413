package io.redoubt.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UsersTest {
    private static final String WRONG = "-WRONGPASS invalid username-password pair or user is disabled.";
    private static final String NO_AUTH = "-NOAUTH Authentication required.";

    private final AccessFixture strict = AccessFixture.strict();
    private final AccessFixture redis = AccessFixture.redis();

    @TempDir
    Path folder;

    private Path file(String text) throws Exception {
        var path = folder.resolve("users.acl");
        Files.writeString(path, text, StandardCharsets.ISO_8859_1);
        return path;
    }

    @Nested
    class Merge {
        @Test
        void a_file_that_names_no_default_user_leaves_it_the_password_of_requirepass() throws Exception {
            var path = file("user appuser on >SuperSecretPass ~* +@all\n");
            assertThat(strict.users.start("rp", List.of(), path)).isEmpty();
            var client = strict.connect();
            assertThat(client.line("GET k")).isEqualTo(NO_AUTH);
            assertThat(client.line("AUTH rp")).isEqualTo("+OK");
            assertThat(client.line("AUTH appuser SuperSecretPass")).isEqualTo("+OK");
            assertThat(client.line("ACL WHOAMI")).isEqualTo("$7 appuser");
        }

        @Test
        void Redis_opens_the_server_there() throws Exception {
            redis.users.start("rp", List.of(), file("user appuser on >SuperSecretPass ~* +@all\n"));
            assertThat(redis.connect().line("GET k")).isEqualTo("$-1");
        }

        @Test
        void a_default_user_on_nopass_takes_the_password_and_a_warning_says_so() throws Exception {
            var path = file("user default on nopass ~* &* +@all\n");
            assertThat(strict.users.start("rp", List.of(), path)).hasSize(1);
            assertThat(strict.connect().line("GET k")).isEqualTo(NO_AUTH);
            assertThat(strict.connect().line("AUTH rp")).isEqualTo("+OK");

            var lines = AccessFixture.strict();
            assertThat(lines.users.start("rp", List.of(List.of("default", "on", "nopass", "~*", "+@all")), null))
                    .hasSize(1);
            assertThat(lines.connect().line("GET k")).isEqualTo(NO_AUTH);

            redis.users.start("rp", List.of(), path);
            assertThat(redis.connect().line("GET k")).isEqualTo("$-1");
        }

        @Test
        void where_both_give_a_password_the_user_line_wins_with_a_warning() throws Exception {
            var path = file("user default on >other ~* &* +@all\n");
            assertThat(strict.users.start("rp", List.of(), path)).hasSize(1);
            assertThat(strict.connect().line("AUTH rp")).isEqualTo(WRONG);
            assertThat(strict.connect().line("AUTH other")).isEqualTo("+OK");
            var same = AccessFixture.strict();
            assertThat(same.users.start("rp", List.of(), file("user default on >rp ~* &* +@all\n")))
                    .isEmpty();
        }

        @Test
        void a_default_user_that_is_off_stays_off() throws Exception {
            strict.users.start("rp", List.of(), file("user default off nopass ~* &* +@all\n"));
            assertThat(strict.connect().line("AUTH default rp")).isEqualTo(WRONG);
        }

        @Test
        void without_the_rule_it_is_as_in_Redis() throws Exception {
            var fixture = new AccessFixture(new AccessSettings(true, Set.of(StrictRule.MERGE)));
            assertThat(fixture.users.start("rp", List.of(), file(""))).isEmpty();
            assertThat(fixture.connect().line("GET k")).isEqualTo("$-1");
        }

        @Test
        void a_change_by_rules_keeps_requirepass_in_step() throws Exception {
            strict.users.setRequirepass("rp", null);
            strict.users.set("default", List.of(">rp2"), null);
            assertThat(strict.users.requirepass()).isEqualTo("rp");
            strict.users.set("default", List.of("<rp"), null);
            assertThat(strict.users.requirepass()).isEmpty();
            redis.users.setRequirepass("rp", null);
            redis.users.set("default", List.of("resetpass"), null);
            assertThat(redis.users.requirepass()).isEqualTo("rp");
        }
    }

    @Nested
    class Files_of_users {
        @Test
        void are_written_and_read_again_the_same() throws Exception {
            var path = file("user default on >d ~* &* +@all\n\n  user a on #" + Passwords.hash("p")
                    + " ~x* %R~y resetchannels &c db=1 -@all +get (~z -@all +set)\n");
            strict.users.start("", List.of(), path);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));
            strict.users.save();
            var lines = Files.readAllLines(path);
            assertThat(lines).containsExactlyElementsOf(strict.users.lines());
            assertThat(lines.getFirst()).startsWith("user a on sanitize-payload #");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-r-----");
            assertThat(strict.users.load(null)).isEmpty();
            assertThat(strict.users.lines()).containsExactlyElementsOf(lines);
            try (var all = Files.list(folder)) {
                assertThat(all).containsExactly(path);
            }
        }

        @ParameterizedTest(name = "{0}")
        @ValueSource(
                strings = {
                    "user a on ~* +nosuch|FILE:1: Error in applying operation '+nosuch': Unknown command or category"
                            + " name"
                            + " in ACL. ",
                    "# remark|FILE:1 should start with user keyword followed by the username. ",
                    "user  a on|FILE:1: Syntax error. ",
                    "user|FILE:1 should start with user keyword followed by the username. ",
                    "user a on|user a off|WARNING: Duplicate user 'a' found on line 2. ",
                    "user a foo|user b bar +no|FILE:1: Syntax error. FILE:2: Error in applying operation '+no': Unknown"
                            + " command or category name in ACL. ",
                    "user a (+get|FILE:1: Unmatched parenthesis in selector definition.",
                    "user a #x|FILE:1: The password hash must be exactly 64 characters and contain only lowercase"
                            + " hexadecimal characters. ",
                })
        void are_refused_whole_and_each_mistake_is_told(String linesAndError) throws Exception {
            var parts = List.of(linesAndError.split("\\|"));
            var path = file(String.join("\n", parts.subList(0, parts.size() - 1)) + "\n");
            strict.setUser("before", "on");
            var before = strict.users.lines();
            assertThatThrownBy(() -> strict.users.start("", List.of(), path))
                    .hasMessage(parts.getLast().replace("FILE", path.toString())
                            + "WARNING: ACL errors detected, no change to the previously active ACL rules"
                            + " was performed");
            assertThat(strict.users.lines()).isEqualTo(before);
        }

        @Test
        void must_be_there() {
            var path = folder.resolve("none.acl");
            assertThatThrownBy(() -> strict.users.start("", List.of(), path))
                    .hasMessage("Error loading ACLs, opening file '" + path + "': No such file or directory");
        }

        @Test
        void exclude_user_lines() {
            assertThatThrownBy(() -> strict.users.start("", List.of(List.of("a", "on")), folder.resolve("x")))
                    .isInstanceOf(AclException.class);
        }

        @Test
        void of_configuration_name_a_user_once() {
            assertThatThrownBy(() -> strict.users.start("", List.of(List.of("a", "on"), List.of("a")), null))
                    .hasMessage(
                            "Error in user declaration 'a': Duplicate user found. A user can only be defined once in"
                                    + " config files");
            assertThatThrownBy(() -> strict.users.start("", List.of(List.of("a", "+nosuch")), null))
                    .hasMessage("Error loading ACL rule '+nosuch' for the user named 'a':"
                            + " Unknown command or category name in ACL");
        }
    }

    @Nested
    class Revoke {
        private AccessFixture.Client login(AccessFixture fixture, String request) {
            var client = fixture.connect();
            assertThat(client.line(request)).isEqualTo("+OK");
            return client;
        }

        @ParameterizedTest(name = "{0}")
        @ValueSource(strings = {"off", "<one", "resetpass", "reset"})
        void ends_the_sessions_that_logged_in_with_what_is_gone(String rule) {
            strict.setUser("u", "on >one ~* +@all");
            var admin = strict.connect();
            var client = login(strict, "AUTH u one");
            assertThat(admin.line("ACL SETUSER u " + rule)).isEqualTo("+OK");
            assertThat(client.isClosed).isTrue();
            assertThat(client.line("GET k")).isEqualTo(NO_AUTH);
            assertThat(admin.isClosed).isFalse();
        }

        @ParameterizedTest(name = "{0}")
        @ValueSource(strings = {">one", ">two", "-get", "resetpass >one", "<two", "nopass", "+@all"})
        void leaves_sessions_whose_credential_still_holds(String rule) {
            strict.setUser("u", "on >one >two ~* +@all");
            var admin = strict.connect();
            var client = login(strict, "AUTH u one");
            assertThat(admin.line("ACL SETUSER u " + rule)).isEqualTo("+OK");
            assertThat(client.isClosed).isFalse();
            assertThat(client.line("PING")).isEqualTo("+OK");
        }

        @Test
        void never_ends_the_connection_that_revokes() {
            strict.setUser("u", "on >one ~* +@all");
            var client = login(strict, "AUTH u one");
            assertThat(client.line("ACL SETUSER u <one >new")).isEqualTo("+OK");
            assertThat(client.isClosed).isFalse();
            assertThat(client.line("ACL DELUSER u")).isEqualTo(":1");
            assertThat(client.isClosed).isFalse();
            assertThat(client.line("GET k")).isEqualTo(NO_AUTH);
        }

        @Test
        void of_a_user_ends_replication_links_as_well_but_not_the_link_to_our_master() {
            strict.setUser("r", "on >one +ping");
            var replica = login(strict, "AUTH r one");
            replica.session.setReplica(true);
            var master = login(strict, "AUTH r one");
            master.session.setMaster(true);
            strict.connect().line("ACL SETUSER r off");
            assertThat(replica.isClosed).isTrue();
            assertThat(master.isClosed).isFalse();
        }

        @Test
        void follows_a_file_only_where_something_changed() throws Exception {
            var path = file("user u on >one ~* +@all\nuser v on >one ~* +@all\nuser w on >one ~* +@all\n");
            strict.users.start("", List.of(), path);
            var admin = strict.connect();
            var u = login(strict, "AUTH u one");
            var v = login(strict, "AUTH v one");
            var w = login(strict, "AUTH w one");
            file("user u on >one ~a +get\nuser v on >two ~* +@all\n");
            assertThat(admin.line("ACL LOAD")).isEqualTo("+OK");
            assertThat(u.isClosed).isFalse();
            assertThat(u.line("SET a b")).startsWith("-NOPERM");
            assertThat(v.isClosed).isTrue();
            assertThat(w.isClosed).isTrue();
        }

        @Test
        void leaves_old_sessions_to_a_new_requirepass_unless_there_was_none() {
            var open = strict.connect();
            var admin = strict.connect();
            strict.users.setRequirepass("one", admin.session);
            assertThat(open.isClosed).isTrue();
            assertThat(admin.line("PING")).isEqualTo("+OK");
            var client = login(strict, "AUTH one");
            strict.users.setRequirepass("two", admin.session);
            assertThat(client.isClosed).isFalse();
            assertThat(client.line("PING")).isEqualTo("+OK");
            assertThat(strict.users.sessionsWithOldCredential()).isEqualTo(2);
            strict.setUser("default", "-get"); // Another change does not make up for it.
            assertThat(client.isClosed).isFalse();
            strict.setUser("default", "off");
            assertThat(client.isClosed).isTrue();
        }

        @Test
        void is_in_Redis_only_for_deleted_users() {
            redis.setUser("u", "on >one ~* +@all");
            var client = login(redis, "AUTH u one");
            redis.setUser("u", "off resetpass");
            assertThat(client.isClosed).isFalse();
            assertThat(client.line("PING")).isEqualTo("+OK");
            assertThat(client.line("ACL DELUSER u nosuch")).isEqualTo(":1");
            assertThat(client.isClosed).isTrue();
        }

        @Test
        void by_a_file_ends_in_Redis_7_0_all_but_default_users() throws Exception {
            var path = file("user u on >one ~* +@all\n");
            redis.users.start("", List.of(), path);
            var admin = redis.connect();
            var client = login(redis, "AUTH u one");
            assertThat(admin.line("ACL LOAD")).isEqualTo("+OK");
            assertThat(client.isClosed).isTrue();
            assertThat(admin.isClosed).isFalse();
        }
    }

    @Nested
    class Open {
        @Test
        void nobody_is_a_user_without_a_password_from_elsewhere() throws Exception {
            strict.setUser("free", "on nopass ~* +@all");
            strict.setUser("shut", "on >pw ~* +@all");
            var client = strict.connect("10.0.0.7:4000", false);
            assertThat(client.line("GET k")).isEqualTo(NO_AUTH);
            assertThat(client.line("AUTH free x")).isEqualTo(WRONG);
            assertThat(client.line("AUTH default x")).isEqualTo(WRONG);
            assertThat(client.line("AUTH shut pw")).isEqualTo("+OK");
            assertThat(strict.gate.refusesConnection(false)).isFalse();
            assertThat(strict.connect().line("AUTH free x")).isEqualTo("+OK");
        }

        @Test
        void only_where_nobody_could_log_in_the_connection_is_denied() {
            assertThat(strict.gate.refusesConnection(false)).isTrue();
            assertThat(strict.gate.refusesConnection(true)).isFalse();
            strict.setUser("free", "on nopass");
            strict.setUser("locked", "off >pw");
            assertThat(strict.gate.refusesConnection(false)).isTrue();
            strict.users.setProtected(false);
            assertThat(strict.gate.refusesConnection(false)).isFalse();
            assertThat(strict.connect("10.0.0.7:4000", false).line("PING")).isEqualTo("+OK");
            assertThat(new String(strict.gate.refusal(), StandardCharsets.ISO_8859_1))
                    .startsWith("-DENIED Redis is running in protected mode because protected mode is enabled and no"
                            + " password is set for the default user.")
                    .endsWith("\r\n");
        }

        @Test
        void a_session_that_needed_no_password_ends_its_rights_when_protected_mode_comes() {
            strict.users.setProtected(false);
            var client = strict.connect("10.0.0.7:4000", false);
            assertThat(client.line("PING")).isEqualTo("+OK");
            strict.users.setProtected(true);
            assertThat(client.line("PING")).isEqualTo(NO_AUTH);
        }

        @Test
        void Redis_denies_while_the_default_user_needs_no_password() {
            redis.setUser("shut", "on >pw ~* +@all");
            assertThat(redis.gate.refusesConnection(false)).isTrue();
            redis.users.setRequirepass("x", null);
            assertThat(redis.gate.refusesConnection(false)).isFalse();
        }
    }

    @Nested
    class Guessing {
        private AccessFixture.Client remote(String ip) {
            return strict.connect(ip + ":4000", false);
        }

        private int guessesUntilLate(AccessFixture.Client client, String request) {
            for (int i = 1; i <= 1000; i++) {
                String reply = client.line(request);
                if (client.isSuspended) {
                    assertThat(reply).isEmpty();
                    return i;
                }
                assertThat(reply).isEqualTo(WRONG);
            }
            return 0;
        }

        @Test
        void a_guess_over_budget_is_answered_late_and_not_verified() {
            strict.setUser("u", "on >pw ~* +@all");
            var client = remote("10.0.0.7");
            assertThat(guessesUntilLate(client, "AUTH u guess")).isEqualTo(11);
            assertThat(strict.later).hasSize(1);
            strict.later.getFirst().run();
            assertThat(client.written()).isEqualTo(WRONG);
            assertThat(client.isSuspended).isFalse();
            client.line("AUTH u pw");
            assertThat(client.isSuspended).isTrue();
            assertThat(client.session.user()).isNull();
            strict.nowMillis += 60_000;
            assertThat(remote("10.0.0.7").line("AUTH u pw")).isEqualTo("+OK");
        }

        @Test
        void nobody_else_pays_for_it() {
            strict.setUser("u", "on >pw ~* +@all");
            strict.setUser("v", "on >pw ~* +@all");
            guessesUntilLate(remote("10.0.0.7"), "AUTH u guess");
            assertThat(remote("10.0.0.8").line("AUTH u pw")).isEqualTo("+OK");
            assertThat(remote("10.0.0.7").line("AUTH v pw")).isEqualTo("+OK");
        }

        @Test
        void a_source_has_a_budget_over_all_users() {
            strict.setUser("v", "on >pw ~* +@all");
            int late = 0;
            for (int i = 0; i < 100 && late == 0; i++) {
                var client = remote("10.0.0.7");
                client.line("AUTH made-up-" + i + " guess");
                late = client.isSuspended ? i + 1 : 0;
            }
            assertThat(late).isEqualTo(61);
        }

        @Test
        void success_costs_nothing() {
            strict.setUser("u", "on >pw ~* +@all");
            var client = remote("10.0.0.7");
            for (int i = 0; i < 500; i++) {
                assertThat(client.line("AUTH u pw")).isEqualTo("+OK");
            }
        }

        @Test
        void late_answers_of_a_source_are_bounded() {
            strict.setUser("u", "on >pw ~* +@all");
            guessesUntilLate(remote("10.0.0.7"), "AUTH u guess");
            for (int i = 0; i < 100; i++) {
                remote("10.0.0.7").line("AUTH u pw");
            }
            assertThat(strict.later).hasSize(32);
        }

        @Test
        void the_own_machine_has_more_and_Redis_no_limit() {
            assertThat(guessesUntilLate(strict.connect(), "AUTH u guess")).isEqualTo(501);
            var client = redis.connect("10.0.0.7:1", false);
            assertThat(guessesUntilLate(client, "AUTH u guess")).isZero();
        }

        @ParameterizedTest(name = "{0}")
        @CsvSource({
            "10.0.0.7:4000, 10.0.0.7",
            "2001:db8:1:2:3:4:5:6:4000, 2001:db8:1:2",
            "[2001:db8:1:2:3:4:5:6]:4000, 2001:db8:1:2",
            "2001:db8:1:2::6:4000, 2001:db8:1:2",
            "::1:4000, ''",
            "/tmp/redis.sock:0, /tmp/redis.sock",
        })
        void a_source_is_an_address_or_the_network_of_one_host(String address, String source) {
            assertThat(GuessingBudget.sourceOf(address)).isEqualTo(source);
        }
    }
}
