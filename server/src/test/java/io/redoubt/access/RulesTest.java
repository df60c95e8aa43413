package io.redoubt.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RulesTest {
    @TempDir
    Path folder;

    private final AccessFixture strict = AccessFixture.strict();
    private final AccessFixture redis = AccessFixture.redis();

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            value = {
                "+@all -get +get; +@all; +@all +get",
                "+set +@read; -@all +@read +set; -@all +set +@read",
                "+get -get; -@all; -@all -get",
                "+@all +@read; +@all; +@all +@read",
                "-config +config|get; -@all +config|get; -@all -config +config|get",
                "+config|get +config; -@all +config; -@all +config",
                "+client|list -client; -@all; -@all -client",
                "+select|1 +select|2; -@all +select|1 +select|2; -@all +select|1 +select|2",
                "+select|1 -select; -@all; -@all -select",
                "+@all -config +config|get; +@all -config +config|get; +@all -config +config|get",
                "+@pubsub -@slow; -@all +publish +spublish; -@all +@pubsub -@slow",
                "+GET; -@all +get; -@all +get",
                "allcommands -GET; +@all -get; +@all -get",
                "+get nocommands; -@all; -@all",
                "+Select|A +select|a; -@all +select|A; -@all +select|a",
            })
    void commands_are_printed_as_Redis_7_0_and_as_7_2_do(String rules, String asRecomputed, String asKept) {
        redis.setUser("u", rules);
        strict.setUser("u", rules);
        assertThat(redis.user("u").rules().root().commandsText(false)).isEqualTo(asRecomputed);
        assertThat(strict.user("u").rules().root().commandsText(true)).isEqualTo(asKept);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            nullValues = "-",
            value = {
                "on >pw; user u on sanitize-payload"
                        + " #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 resetchannels -@all",
                "on nopass; user u on nopass sanitize-payload resetchannels -@all",
                "nopass >pw <pw; user u off sanitize-payload resetchannels -@all",
                "skip-sanitize-payload; user u off skip-sanitize-payload resetchannels -@all",
                "~a %R~b %W~c %rw~d %WR~e; user u off sanitize-payload ~a %R~b %W~c ~d ~e resetchannels -@all",
                "%W~a %R~a; user u off sanitize-payload ~a resetchannels -@all",
                "%R; user u off sanitize-payload %R~ resetchannels -@all",
                "%R~*; user u off sanitize-payload %R~* resetchannels -@all",
                "%RW~*; user u off sanitize-payload ~* resetchannels -@all",
                "%R~* %W~*; user u off sanitize-payload ~* resetchannels -@all",
                "~a ~*; user u off sanitize-payload ~* resetchannels -@all",
                "~* resetkeys ~a; user u off sanitize-payload ~a resetchannels -@all",
                "&a &b &a; user u off sanitize-payload resetchannels &a &b -@all",
                "&a allchannels; user u off sanitize-payload &* -@all",
                "db=3,1,3; user u off sanitize-payload resetchannels db=1,3 -@all",
                "db=1 db=2; user u off sanitize-payload resetchannels db=2 -@all",
                "resetdbs; user u off sanitize-payload resetchannels resetdbs -@all",
                "alldbs; user u off sanitize-payload resetchannels alldbs -@all",
                "(+get ~a) (); user u off sanitize-payload resetchannels -@all (~a resetchannels -@all +get)"
                        + " (resetchannels -@all)",
                "(+get ~a %R~b &c db=1 +select|1); user u off sanitize-payload resetchannels -@all"
                        + " (~a %R~b resetchannels &c db=1 -@all +get +select|1)",
                "(+get) clearselectors; user u off sanitize-payload resetchannels -@all",
                "on ~* &* +@all db=1 (+get) reset; user u off sanitize-payload resetchannels -@all",
            })
    void rules_print_as_the_line_that_makes_them_again(String rules, String line) throws Exception {
        strict.setUser("u", rules);
        assertThat(strict.line("u")).isEqualTo(line);
        var words = List.of(line.split(" "));
        strict.users.set("v", words.subList(2, words.size()), null);
        assertThat(strict.line("v")).isEqualTo(line.replace("user u", "user v"));
    }

    @Test
    void a_user_of_Redis_7_0_shows_its_payload_flag_only_when_it_was_set() {
        redis.setUser("u", "on");
        redis.setUser("v", "reset");
        assertThat(redis.line("u")).isEqualTo("user u on resetchannels -@all");
        assertThat(redis.line("v")).isEqualTo("user v off sanitize-payload resetchannels -@all");
        assertThat(redis.line("default")).isEqualTo("user default on nopass ~* &* +@all");
        assertThat(strict.line("default")).isEqualTo("user default on nopass ~* &* +@all");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            value = {
                "foo; Syntax error",
                "(on); Syntax error",
                "((+get); Syntax error",
                "%; Syntax error",
                "%~x; Syntax error",
                "%rX~a; Syntax error",
                "~a b; Syntax error",
                "&a b; Syntax error",
                "db=; Syntax error",
                "db=1,; Syntax error",
                "db=x; Syntax error",
                "db=-1; Syntax error",
                "db=12345678901; Syntax error",
                "+select|; Syntax error",
                "+; Unknown command or category name in ACL",
                "-; Unknown command or category name in ACL",
                "+@; Unknown command or category name in ACL",
                "+@nosuch; Unknown command or category name in ACL",
                "+nosuch|x; Unknown command or category name in ACL",
                "+get); Unknown command or category name in ACL",
                "-select|1; Unknown command or category name in ACL",
                "+select|1|2; Unknown command or category name in ACL",
                "+config|nosuch; Unknown command or category name in ACL",
                "+config|get|x; Allowing first-arg of a subcommand is not supported",
                "<x; The password you are trying to remove from the user does not exist",
                "#abc; The password hash must be exactly 64 characters and contain only lowercase"
                        + " hexadecimal characters",
                "!abc; The password hash must be exactly 64 characters and contain only lowercase"
                        + " hexadecimal characters",
            })
    void a_bad_rule_is_named_with_its_reason_and_nothing_changes(String rule, String reason) {
        for (var fixture : List.of(strict, redis)) {
            fixture.setUser("u", "on ~a +get");
            String before = fixture.line("u");
            assertThatThrownBy(() -> fixture.users.set("u", List.of("off", "resetkeys", rule), null))
                    .isInstanceOf(AclException.class)
                    .hasMessage("Error in ACL SETUSER modifier '" + rule + "': " + reason);
            assertThat(fixture.line("u")).isEqualTo(before);
        }
    }

    @Test
    void a_pattern_after_all_patterns_is_refused() {
        assertThatThrownBy(() -> redis.users.set("u", List.of("~*", "~a"), null))
                .hasMessage("Error in ACL SETUSER modifier '~a': Adding a pattern after the * pattern (or the 'allkeys'"
                        + " flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty"
                        + " list"
                        + " of patterns");
        assertThatThrownBy(() -> redis.users.set("u", List.of("&*", "&a"), null))
                .hasMessage("Error in ACL SETUSER modifier '&a': Adding a pattern after the * pattern (or the"
                        + " 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start"
                        + " with an empty list of channels");
    }

    @Test
    void a_selector_may_be_split_but_must_end() throws Exception {
        strict.users.set("u", List.of("(+get", "~x)", "%R~q"), null);
        assertThat(strict.line("u"))
                .isEqualTo("user u off sanitize-payload %R~q resetchannels -@all (~x resetchannels -@all +get)");
        assertThatThrownBy(() -> strict.users.set("v", List.of("(+get"), null))
                .hasMessage("Unmatched parenthesis in acl selector starting at '(+get'.");
        assertThatThrownBy(() -> strict.users.set("v", List.of("(+get ~x) "), null))
                .hasMessage("Unmatched parenthesis in acl selector starting at '(+get ~x) '.");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void whatever_is_given_as_rules_is_an_error_or_a_line_that_reads_again(long seed) throws Exception {
        var random = new Random(seed);
        String letters = "+-@~%&<>#!()|=,* \0\u00e9RWrwdb01getselcfi";
        int accepted = 0;
        for (int round = 0; round < 3000; round++) {
            var rules = new ArrayList<String>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                var rule = new StringBuilder();
                for (int j = random.nextInt(7); j >= 0; j--) {
                    rule.append(letters.charAt(random.nextInt(letters.length())));
                }
                rules.add(random.nextInt(3) == 0 ? "~" + rule.toString().replace(" ", "") : rule.toString());
            }
            var path = folder.resolve("users.acl");
            try {
                strict.users.set("u", rules, null);
                accepted++;
            } catch (AclException refused) {
                assertThat(refused.text()).matches("(?s)(Error in ACL SETUSER modifier '|Unmatched parenthesis).*");
            }
            if (round % 100 == 0 && strict.users.find("u") != null) {
                Files.writeString(path, strict.line("u") + "\n", StandardCharsets.ISO_8859_1);
                var again = AccessFixture.strict();
                again.users.start("", List.of(), path);
                assertThat(again.line("u")).isEqualTo(strict.line("u"));
            }
        }
        assertThat(accepted).isGreaterThan(100);
    }

    @Test
    void names_hold_neither_blanks_nor_zeros() {
        for (var name : Arrays.asList("a b", "a\0b", "a\tb")) {
            assertThatThrownBy(() -> strict.users.set(name, List.of("on"), null))
                    .hasMessage("Usernames can't contain spaces or null characters");
        }
    }

    @Test
    void new_users_have_all_channels_where_the_default_says_so() throws Exception {
        strict.users.setAllChannelsByDefault(true);
        strict.users.set("u", List.of("on", "(+get)"), null);
        assertThat(strict.line("u")).isEqualTo("user u on sanitize-payload &* -@all (&* -@all +get)");
        strict.users.setAllChannelsByDefault(false);
        strict.users.set("u", List.of("reset"), null);
        assertThat(strict.line("u")).isEqualTo("user u off sanitize-payload resetchannels -@all");
    }
}
