package io.redoubt.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.CommandFlag;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AclGateTest {
    private final AccessFixture strict = AccessFixture.strict();
    private final AccessFixture redis = AccessFixture.redis();

    @Test
    void a_user_without_rights_may_run_no_form_of_any_command() {
        strict.setUser("nobody", "on nopass ~* &* alldbs");
        var client = strict.connect();
        client.line("AUTH nobody x");
        int judged = 0;
        for (var spec : strict.table.declared()) {
            if (spec.isContainer() || spec.has(CommandFlag.NO_AUTH)) {
                continue;
            }
            judged++;
            int count = Math.max(Math.abs(spec.arity()), spec.container() == null ? 2 : 3);
            var words = new String[spec.arity() > 0 ? spec.arity() : count];
            java.util.Arrays.fill(words, "1");
            var names = spec.fullName().split("\\|");
            System.arraycopy(names, 0, words, 0, names.length);
            assertThat(client.send(words))
                    .isEqualTo("-NOPERM User nobody has no permissions to run the '" + spec.fullName() + "' command");
        }
        assertThat(judged).isGreaterThan(50);
        assertThat(strict.log.denied(AclLog.Reason.COMMAND)).isEqualTo(judged);
    }

    @Nested
    class Keys {
        @ParameterizedTest(name = "{0}: {1}")
        @CsvSource(
                delimiter = ';',
                value = {
                    "~a*; GET abc; allowed",
                    "~a*; GET b; key",
                    "%R~a; GET a; allowed",
                    "%R~a; SET a v; key",
                    "%W~a; SET a v; allowed",
                    "%W~a; GET a; key",
                    "%R~a; EXISTS a; allowed",
                    "%W~a; EXISTS a; allowed",
                    "~a; EXISTS b; key",
                    "%R~a %W~a*; SET a v GET; key",
                    "%R~a %W~a; SET a v GET; allowed",
                    "%R~* %W~a; SET a v GET; key",
                    "~a ~b; MGET a b; allowed",
                    "~a ~b; MGET a c; key",
                    "~a %W~b; COPY a b; allowed",
                    "~a %R~b; COPY a b; key",
                    "%R~*; SORT a BY x; allowed",
                    "~a; SORT a; allowed",
                    "~a; SORT a BY x; key",
                })
        void one_pattern_must_grant_all_that_a_key_needs(String patterns, String request, String verdict) {
            for (var fixture : java.util.List.of(strict, redis)) {
                fixture.setUser("u", "on nopass alldbs +@all " + patterns);
                assertThat(fixture.verdict("u", 0, request)).isEqualTo(verdict);
            }
        }

        @Test
        void commands_that_name_no_key_need_all_keys_in_strict() {
            for (var request : java.util.List.of("FLUSHALL", "FLUSHDB", "SWAPDB 0 1")) {
                for (var rules : java.util.List.of("~*", "%W~*", "%W~* ~a")) {
                    strict.setUser("all", "reset on nopass +@all " + rules);
                    assertThat(strict.verdict("all", 0, request)).isEqualTo("allowed");
                }
                strict.setUser("some", "on nopass +@all ~a* %R~*");
                redis.setUser("some", "on nopass +@all ~a*");
                assertThat(strict.verdict("some", 0, request)).isEqualTo("key");
                assertThat(redis.verdict("some", 0, request)).isEqualTo("allowed");
            }
            var client = strict.connect();
            client.line("AUTH some x");
            assertThat(client.line("FLUSHALL"))
                    .isEqualTo("-NOPERM User some needs all keys to run the 'flushall' command (strict rule patterns)");
        }

        @Test
        void keys_that_cannot_be_read_are_not_listed() {
            strict.setUser("u", "on nopass +keys %W~w ~y (~z +get)");
            var user = strict.user("u");
            assertThat(strict.gate.mustFilterKeys(user)).isTrue();
            assertThat(mayRead("w")).isFalse();
            assertThat(mayRead("y")).isTrue();
            assertThat(mayRead("z")).isTrue();
            assertThat(strict.gate.mustFilterKeys(strict.users.defaultUser())).isFalse();
            redis.setUser("u", "on nopass +keys ~y");
            assertThat(redis.gate.mustFilterKeys(redis.user("u"))).isFalse();
        }

        private boolean mayRead(String key) {
            return strict.gate.mayRead(strict.user("u"), AccessFixture.bytes(key), 0, key.length());
        }
    }

    @Nested
    class DatabaseRules {
        @ParameterizedTest(name = "{0}, in {1}: {2}")
        @CsvSource(
                delimiter = ';',
                value = {
                    "+@all; 5; GET k; allowed",
                    "+@all -select; 0; GET k; allowed",
                    "+@all -select; 5; GET k; database",
                    "+@all -select; 5; PING; allowed",
                    "+@all -select; 5; KEYS *; database",
                    "+@all -select; 5; DBSIZE; database",
                    "+@all -select; 0; MOVE k 1; database",
                    "+@all -select; 0; COPY k l DB 1; database",
                    "+@all -select; 0; COPY k l DB 0; allowed",
                    "+@all -select; 0; COPY k l; allowed",
                    "+@all -select; 0; SWAPDB 0 1; database",
                    "+@all -select; 0; FLUSHALL; database",
                    "+@all -select; 0; FLUSHDB; allowed",
                    "+@all -select +select|3; 3; GET k; allowed",
                    "+@all -select +select|3; 0; GET k; allowed",
                    "+@all -select +select|3; 0; SELECT 3; allowed",
                    "+@all -select +select|3; 0; SELECT 4; command",
                    "+@all -select +select|3; 4; GET k; database",
                    "+get (~* +select); 4; GET k; allowed",
                    "+get (~* +select|4); 4; GET k; allowed",
                    "+@all db=0,3; 3; GET k; allowed",
                    "+@all db=0,3; 1; GET k; database",
                    "+@all db=0,3; 0; SELECT 3; allowed",
                    "+@all db=0,3; 0; SELECT 1; database",
                    "+@all db=0,3; 0; MOVE k 3; allowed",
                    "+@all db=0,3; 1; MOVE k 3; database",
                    "+@all db=0,3; 0; FLUSHALL; database",
                    "+@all resetdbs; 0; GET k; database",
                    "+@all -select alldbs; 7; GET k; allowed",
                    "+@all -select alldbs; 0; FLUSHALL; allowed",
                    "+get db=1 (~* +set db=2); 1; GET k; allowed",
                    "+get db=1 (~* +set db=2); 2; SET k v; allowed",
                    "+get db=1 (~* +set db=2); 1; SET k v; database",
                })
        void a_selector_acts_only_in_its_databases(String rules, int database, String request, String verdict) {
            strict.setUser("u", "on nopass ~* " + rules);
            assertThat(strict.verdict("u", database, request)).isEqualTo(verdict);
        }

        @Test
        void rules_bind_in_both_profiles_but_silence_means_all_in_redis() {
            redis.setUser("u", "on nopass ~* +@all -select");
            redis.setUser("v", "on nopass ~* +@all db=1");
            assertThat(redis.verdict("u", 5, "GET k")).isEqualTo("allowed");
            assertThat(redis.verdict("v", 5, "GET k")).isEqualTo("database");
            assertThat(redis.verdict("v", 1, "GET k")).isEqualTo("allowed");
            var without = new AccessFixture(new AccessSettings(true, Set.of(StrictRule.DATABASE)));
            without.setUser("u", "on nopass ~* +@all -select");
            assertThat(without.verdict("u", 5, "GET k")).isEqualTo("allowed");
        }

        @Test
        void logging_in_does_not_lead_into_another_database() {
            strict.setUser("u", "on nopass ~* +@all -select");
            var client = strict.connect();
            assertThat(client.line("SELECT 3")).isEqualTo("+OK");
            assertThat(client.line("AUTH u x")).isEqualTo("+OK");
            assertThat(client.line("GET k")).isEqualTo("-NOPERM No permissions to access database");
            assertThat(client.line("PING")).isEqualTo("+OK");
        }
    }

    @Nested
    class Channels {
        @ParameterizedTest(name = "{0}: {1}")
        @CsvSource(
                delimiter = ';',
                value = {
                    "&a*; PUBLISH abc m; allowed",
                    "&a*; PUBLISH b m; channel",
                    "&a*; SPUBLISH b m; channel",
                    "&a*; SUBSCRIBE a1 a2; allowed",
                    "&a*; SUBSCRIBE a1 b; channel",
                    "&a*; PSUBSCRIBE a*; allowed",
                    "&a*; PSUBSCRIBE a1; channel",
                    "&a*; PSUBSCRIBE a**; channel",
                    "&*; PSUBSCRIBE x*; allowed",
                    "resetchannels; PUBLISH a m; channel",
                })
        void channels_match_and_patterns_are_taken_literally(String rules, String request, String verdict) {
            strict.setUser("u", "on nopass +@all " + rules);
            assertThat(strict.verdict("u", 0, request)).isEqualTo(verdict);
        }
    }

    @Test
    void selectors_never_combine_and_the_one_that_got_furthest_is_told() {
        strict.setUser("u", "on nopass ~a +get (~b +set) (~c +set db=1)");
        assertThat(strict.verdict("u", 0, "GET a")).isEqualTo("allowed");
        assertThat(strict.verdict("u", 0, "SET b v")).isEqualTo("allowed");
        assertThat(strict.verdict("u", 0, "SET a v")).isEqualTo("key");
        assertThat(strict.verdict("u", 0, "GET b")).isEqualTo("key");
        assertThat(strict.verdict("u", 0, "DEL a")).isEqualTo("command");
        assertThat(strict.verdict("u", 2, "SET c v")).isEqualTo("database");
    }

    @Test
    void one_selector_that_allows_everything_makes_a_user_unrestricted() {
        assertThat(strict.users.defaultUser().isUnrestricted()).isTrue();
        for (var rules : java.util.List.of(
                "~* &* +@all -get", "~a &* +@all", "~* +@all", "~* &* +@all db=0", "~* &* +@all -@read")) {
            strict.setUser("u", "reset on nopass " + rules);
            assertThat(strict.user("u").isUnrestricted()).as(rules).isFalse();
        }
        strict.setUser("u", "reset on nopass -@all (~* &* +@all)");
        assertThat(strict.user("u").isUnrestricted()).isTrue();
        strict.setUser("u", "reset on nopass ~* &* +@all -get +get");
        assertThat(strict.user("u").isUnrestricted()).isTrue();
    }

    @Test
    void denials_are_worded_as_in_Redis_7_0_or_7_2() {
        for (var fixture : java.util.List.of(strict, redis)) {
            fixture.setUser("u", "on nopass ~a +@all -config");
        }
        var ours = strict.connect();
        var theirs = redis.connect();
        ours.line("AUTH u x");
        theirs.line("AUTH u x");
        assertThat(ours.line("CONFIG SET a b"))
                .isEqualTo("-NOPERM User u has no permissions to run the 'config|set' command");
        assertThat(theirs.line("CONFIG SET a b"))
                .isEqualTo("-NOPERM this user has no permissions to run the 'config|set' command");
        assertThat(ours.line("GET b")).isEqualTo("-NOPERM No permissions to access a key");
        assertThat(theirs.line("GET b"))
                .isEqualTo("-NOPERM this user has no permissions to access one of the keys used as arguments");
        assertThat(ours.line("PUBLISH c m")).isEqualTo("-NOPERM No permissions to access a channel");
        assertThat(theirs.line("PUBLISH c m"))
                .isEqualTo("-NOPERM this user has no permissions to access one of the channels used as arguments");
        String sort = "-ERR BY option of SORT denied due to insufficient ACL permissions.";
        assertThat(theirs.line("SORT a BY w")).isEqualTo(sort);
        assertThat(ours.line("SORT a BY w")).isEqualTo(sort);
        assertThat(theirs.line("SORT a GET w")).isEqualTo(sort.replace("BY", "GET"));
        assertThat(redis.log.denied(AclLog.Reason.KEY)).isEqualTo(1); // Redis does not log what SORT refuses.
        assertThat(strict.log.denied(AclLog.Reason.KEY)).isEqualTo(2);
    }
}
