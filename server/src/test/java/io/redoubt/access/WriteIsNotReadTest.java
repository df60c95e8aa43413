package io.redoubt.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.command.Category;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WriteIsNotReadTest {
    private final AccessFixture strict = AccessFixture.strict();

    private static final List<String> FORMS = List.of(
            "GET k",
            "SET k v",
            "SET k v GET",
            "SET k v EX GET",
            "SET k v nonsense GET",
            "SETNX k v",
            "GETDEL k",
            "GETEX k",
            "GETSET k v",
            "INCR k",
            "INCRBY k 1",
            "DEL k",
            "EXISTS k",
            "COPY k l",
            "MOVE k 1",
            "RENAME k l",
            "LPOP k",
            "SORT k",
            "SORT k BY x",
            "KEYS *",
            "FLUSHALL",
            "SWAPDB 0 1",
            "SELECT 0",
            "SELECT 1",
            "FUNCTION LOAD x",
            "FUNCTION LIST",
            "CONFIG GET x",
            "CONFIG SET x",
            "CLIENT LIST",
            "CLIENT ID",
            "OBJECT ENCODING k",
            "PUBLISH c m",
            "PING",
            "INFO",
            "TTL k",
            "MGET k l",
            "PFADD k e",
            "ZADD k GT 1 m",
            "ZADD k CH 1 m",
            "ZADD k INCR 1 m",
            "GEOADD k 1 1 m",
            "GEOADD k CH 1 1 m");

    private static final Set<String> READ_TOO = Set.of(
            "SET k v GET",
            "GETDEL k",
            "GETEX k",
            "GETSET k v",
            "INCRBY k 1",
            "COPY k l",
            "MOVE k 1",
            "LPOP k",
            "SORT k",
            "SORT k BY x",
            "PFADD k e",
            "ZADD k CH 1 m",
            "ZADD k INCR 1 m",
            "GEOADD k CH 1 1 m");

    private void expect(String rules, String form, String verdict) {
        strict.setUser("u", "reset on nopass ~* db=0,1 " + rules);
        assertThat(strict.verdict("u", 0, form)).as("%s: %s", rules, form).isEqualTo(verdict);
    }

    @Test
    void the_write_only_user_of_the_guide_writes_and_reads_nothing() {
        strict.setUser("w", "on >WritePass ~* +set +del +incr +@write -@read -select");
        for (var form : FORMS) {
            boolean expected = Set.of(
                            "SET k v",
                            "SETNX k v",
                            "INCR k",
                            "DEL k",
                            "RENAME k l",
                            "FLUSHALL",
                            "SWAPDB 0 1",
                            "ZADD k GT 1 m",
                            "GEOADD k 1 1 m")
                    .contains(form);
            String verdict = strict.verdict("w", 0, form);
            if (form.equals("FLUSHALL") || form.equals("SWAPDB 0 1")) {
                assertThat(verdict).as(form).isEqualTo("database"); // It works in database 0 only.
            } else {
                assertThat(verdict.equals("allowed")).as(form).isEqualTo(expected);
            }
        }
    }

    @Test
    void what_tells_of_a_key_by_its_reply_needs_to_read_the_key_in_strict_only() {
        var redis = AccessFixture.redis();
        for (var form : List.of(
                "PFADD k e",
                "ZADD k CH 1 m",
                "ZADD k INCR 1 m",
                "GEOADD k CH 1 1 m",
                "ZREMRANGEBYRANK k 0 1",
                "ZREMRANGEBYSCORE k 0 1",
                "ZREMRANGEBYLEX k - +",
                "XCLAIM k g c 0 1-1",
                "XAUTOCLAIM k g c 0 0")) {
            strict.setUser("u", "reset on nopass %W~* +@all");
            assertThat(strict.verdict("u", 0, form)).as(form).isEqualTo("key");
            redis.setUser("u", "reset on nopass %W~* +@write -@read");
            assertThat(redis.verdict("u", 0, form)).as(form).isEqualTo("allowed");
        }
    }

    @Test
    void the_read_category_grants_no_form_that_writes() {
        for (var form : READ_TOO) {
            expect("+@read", form, "command");
        }
        expect("+@read", "SET k v", "command");
        expect("+@read", "GET k", "allowed");
    }

    @Test
    void a_line_that_Redis_saved_stays_shut() {
        for (var form : READ_TOO) {
            expect("-@all +@write", form, "command");
        }
        expect("-@all +@write", "SET k v", "allowed");
    }

    @Test
    void both_categories_grant_both_halves_in_any_order() {
        for (var rules : List.of("+@write +@read", "+@read +@write", "+@all", "+@all -@read +@read")) {
            for (var form : READ_TOO) {
                expect(rules, form, "allowed");
            }
        }
    }

    @Test
    void no_order_of_its_name_both_categories_and_minus_read_opens_SET_GET() {
        var rules = List.of("+set", "+@write", "-@read");
        int tried = 0;
        for (int length = 1; length <= 5; length++) {
            for (int code = 0; code < Math.pow(3, length); code++) {
                var sequence = new ArrayList<String>();
                for (int i = 0, rest = code; i < length; i++, rest /= 3) {
                    sequence.add(rules.get(rest % 3));
                }
                if (sequence.containsAll(rules)) {
                    tried++;
                    expect(String.join(" ", sequence), "SET k v GET", "command");
                    expect(String.join(" ", sequence), "SET k v", "allowed");
                }
            }
        }
        assertThat(tried).isEqualTo(6 + 36 + 150);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = ';',
            value = {
                "+set; SET k v GET; allowed",
                "-@read +set; SET k v GET; command",
                "-@read +set +@read; SET k v GET; allowed",
                "-@read +@read +set; SET k v GET; allowed",
                "-@read -@all +set; SET k v GET; allowed",
                "+set -@read; SET k v GET; command",
                "+set -@write; SET k v GET; command",
                "+set -@write; SET k v; command",
                "+getdel; GETDEL k; allowed",
                "+getdel -@read; GETDEL k; command",
                "-@read +getdel; GETDEL k; allowed",
                "+getdel -@write; GETDEL k; command",
                "+@string; GETDEL k; allowed",
                "+@list; LPOP k; allowed",
                "+@all -@list; LPOP k; command",
                "+@all -@read; LPOP k; command",
                "+@all -@read; SET k v; allowed",
                "+@all -@write; GETDEL k; command",
                "+@all -@write; GET k; allowed",
                "+@write; FUNCTION LOAD x; command",
                "+@scripting; FUNCTION LOAD x; allowed",
                "+function; FUNCTION LOAD x; allowed",
                "+function|load; FUNCTION LOAD x; allowed",
                "+@all; FUNCTION LOAD x; allowed",
                "+@all -@write; FUNCTION LOAD x; command",
                "+@all -@write +@write; FUNCTION LOAD x; command",
                "+function|load -@write +@write; FUNCTION LOAD x; command",
                "+set|get; SET get v; allowed",
                "+set|get; SET k v GET; command",
                "+set|get; SET get v GET; allowed",
                "-@read +set|get; SET get v GET; command",
                "-@read +set|get; SET get v; allowed",
                "+@write +set|k; SET other v GET; command",
            })
    void halves_follow_the_rules_in_order(String rules, String form, String verdict) {
        expect(rules, form, verdict);
    }

    @Test
    void a_form_that_reads_needs_the_key_to_be_readable() {
        strict.setUser("u", "on nopass %W~w %RW~both +@all");
        assertThat(strict.verdict("u", 0, "SET w v")).isEqualTo("allowed");
        assertThat(strict.verdict("u", 0, "SET w v GET")).isEqualTo("key");
        assertThat(strict.verdict("u", 0, "SET both v GET")).isEqualTo("allowed");
    }

    @Test
    void a_name_leads_nothing_from_where_it_cannot_be_read_to_where_it_can() {
        strict.setUser("u", "on nopass ~* +@write -@read (+get ~public:*)");
        assertThat(strict.verdict("u", 0, "RENAME secret public:a")).isEqualTo("key");
        assertThat(strict.verdict("u", 0, "RENAMENX secret public:a")).isEqualTo("key");
        assertThat(strict.verdict("u", 0, "RENAME public:a public:b")).isEqualTo("allowed");
        assertThat(strict.verdict("u", 0, "RENAME secret other")).isEqualTo("allowed");
    }

    @Test
    void a_name_leads_nothing_to_where_more_of_it_can_be_read() {
        for (var command : List.of("ttl", "pfcount", "bitcount", "pfadd")) {
            strict.setUser("u", "reset on nopass ~* +rename (%RW~secret +" + command + ") (~public:* +get)");
            assertThat(strict.verdict("u", 0, "RENAME secret public:a"))
                    .as(command)
                    .isEqualTo("key");
        }
        strict.setUser("u", "reset on nopass ~* +rename (~secret +getrange) (~public:* +get)");
        assertThat(strict.verdict("u", 0, "RENAME secret public:a")).isEqualTo("allowed");
        strict.setUser("u", "reset on nopass ~* +rename +copy");
        assertThat(strict.verdict("u", 0, "RENAME secret public:a")).isEqualTo("allowed");
    }

    @Test
    void a_name_leads_nothing_to_where_it_can_be_read_because_another_database_shows_it() {
        strict.setUser("u", "on nopass ~* db=0,1 +rename (db=1 ~secret +get) (db=0,1 ~public:* +get)");
        assertThat(strict.verdict("u", 0, "RENAME secret public:a")).isEqualTo("key");
        assertThat(strict.verdict("u", 1, "RENAME secret public:a")).isEqualTo("allowed");
    }

    @Test
    void databases_do_not_change_places_where_only_one_can_be_read() {
        strict.setUser("u", "on nopass ~* +del +swapdb alldbs (db=1 ~a +get)");
        assertThat(strict.verdict("u", 0, "SWAPDB 0 1")).isEqualTo("database");
        assertThat(strict.verdict("u", 0, "SWAPDB 1 0")).isEqualTo("database");
        assertThat(strict.verdict("u", 0, "SWAPDB 1 1")).isEqualTo("allowed");
        strict.setUser("u", "(alldbs ~* +@read)");
        assertThat(strict.verdict("u", 0, "SWAPDB 0 1")).isEqualTo("allowed");
        strict.setUser("w", "on nopass ~* +@write -@read alldbs");
        assertThat(strict.verdict("w", 0, "SWAPDB 0 1")).isEqualTo("allowed");
    }

    @Test
    void without_the_rule_all_is_as_in_Redis() {
        for (var settings :
                List.of(AccessSettings.REDIS, new AccessSettings(true, Set.of(StrictRule.WRITE_IS_NOT_READ)))) {
            var fixture = new AccessFixture(settings);
            fixture.setUser("w", "on nopass ~* +@write -@read");
            for (var form : READ_TOO) {
                if (!form.startsWith("MOVE")) {
                    assertThat(fixture.verdict("w", 0, form)).as(form).isEqualTo("allowed");
                }
            }
            assertThat(fixture.verdict("w", 0, "FUNCTION LOAD x")).isEqualTo("allowed");
            fixture.setUser("x", "on nopass ~* +@all -@write +@write");
            assertThat(fixture.line("x")).endsWith(settings.strict() ? "+@all +@write" : "+@all");
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void a_saved_line_read_again_judges_every_form_the_same(long seed) throws Exception {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++) {
            strict.users.set("u", List.of("reset", "on", "nopass", "~*"), null);
            for (int step = 0; step < 12; step++) {
                strict.users.set("u", List.of(randomRule(random)), null);
                String line = strict.line("u");
                var words = List.of(line.split(" "));
                strict.users.set("again", List.of("reset"), null);
                strict.users.set("again", words.subList(2, words.size()), null);
                assertThat(strict.line("again")).isEqualTo(line.replace("user u ", "user again "));
                for (var form : FORMS) {
                    assertThat(strict.verdict("again", 0, form))
                            .as("%s: %s", line, form)
                            .isEqualTo(strict.verdict("u", 0, form));
                }
            }
        }
    }

    private String randomRule(Random random) {
        String sign = random.nextBoolean() ? "+" : "-";
        var commands = strict.table.all();
        return switch (random.nextInt(12)) {
            case 0 -> sign + "@all";
            case 1, 2 -> sign + "@read";
            case 3, 4 -> sign + "@write";
            case 5 -> sign + "@" + Category.values()[random.nextInt(Category.values().length)].word();
            case 6, 7 -> sign + "set";
            case 8 -> random.nextBoolean() ? "+select|" + random.nextInt(3) : "+set|k";
            case 9 -> sign + (random.nextBoolean() ? "function" : "function|load");
            case 10 -> sign + (random.nextBoolean() ? "config" : "config|get");
            default -> sign + commands.get(random.nextInt(commands.size())).fullName();
        };
    }
}
