package io.redoubt.access;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AclCommandsTest {
    private static final String WRONG = "-WRONGPASS invalid username-password pair or user is disabled.";

    private final AccessFixture redis = AccessFixture.redis();
    private final AccessFixture.Client client = redis.connect();

    @Test
    void AUTH_with_one_argument_is_for_the_default_user() {
        assertThat(client.line("AUTH x"))
                .isEqualTo("-ERR AUTH <password> called without any password configured for the default user. Are you"
                        + " sure your configuration is correct?");
        assertThat(redis.log.denied(AclLog.Reason.AUTH)).isZero();
        assertThat(client.line("AUTH default anything")).isEqualTo("+OK");
        redis.users.setRequirepass("pw", null);
        assertThat(client.line("AUTH pw")).isEqualTo("+OK");
        assertThat(client.line("AUTH other")).isEqualTo(WRONG);
        assertThat(client.line("AUTH nosuch pw")).isEqualTo(WRONG);
        assertThat(client.line("AUTH a b c")).isEqualTo("-ERR syntax error");
        assertThat(client.line("ACL WHOAMI")).isEqualTo("$7 default"); // A failure keeps who one was.
        assertThat(redis.log.denied(AclLog.Reason.AUTH)).isEqualTo(2);
    }

    @Test
    void a_client_that_is_nobody_sees_unknown_commands_and_arity_first() {
        redis.users.setRequirepass("pw", null);
        var stranger = redis.connect();
        assertThat(stranger.line("GET k")).isEqualTo("-NOAUTH Authentication required.");
        assertThat(stranger.line("GET")).isEqualTo("-ERR wrong number of arguments for 'get' command");
        assertThat(stranger.line("NOSUCH")).startsWith("-ERR unknown command");
        assertThat(stranger.line("HELLO"))
                .isEqualTo(
                        "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH"
                                + " <user> <pass> option can be used to authenticate the client and select the RESP"
                                + " protocol"
                                + " version at the same time");
        assertThat(stranger.line("HELLO 3 AUTH default bad")).isEqualTo(WRONG);
        assertThat(stranger.session.protocol()).isEqualTo(2);
        assertThat(stranger.line("HELLO 3 AUTH default pw SETNAME me")).startsWith("%7 $6 server $5 redis");
        assertThat(stranger.session.name()).isEqualTo(AccessFixture.bytes("me"));
        assertThat(stranger.session.protocol()).isEqualTo(3);
    }

    @Test
    void HELLO_tells_the_server_in_both_protocols() {
        String fields = "$6 server $5 redis $7 version $6 7.0.15 $5 proto :%d $2 id :1 $4 mode $10 standalone $4 role"
                + " $6 master $7 modules *0";
        assertThat(client.line("HELLO")).isEqualTo("*14 " + String.format(fields, 2));
        assertThat(client.line("HELLO 3")).isEqualTo("%7 " + String.format(fields, 3));
        assertThat(client.line("HELLO 2")).isEqualTo("*14 " + String.format(fields, 2));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            value = {
                "HELLO 4; -NOPROTO unsupported protocol version",
                "HELLO 1; -NOPROTO unsupported protocol version",
                "HELLO a; -ERR Protocol version is not an integer or out of range",
                "HELLO 3 foo; -ERR Syntax error in HELLO option 'foo'",
                "HELLO 3 auth default; -ERR Syntax error in HELLO option 'auth'",
                "HELLO 3 SETNAME; -ERR Syntax error in HELLO option 'SETNAME'",
                "ACL GENPASS 0; -ERR ACL GENPASS argument must be the number of bits for the output password,"
                        + " a positive number up to 4096",
                "ACL GENPASS 4097; -ERR ACL GENPASS argument must be the number of bits for the output password, a"
                        + " positive number up to 4096",
                "ACL GENPASS a; -ERR value is not an integer or out of range",
                "ACL GENPASS 5 6; -ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.",
                "ACL CAT foo; -ERR Unknown category 'foo'",
                "ACL CAT a b; -ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.",
                "ACL LOG foo; -ERR value is not an integer or out of range",
                "ACL LOG 1 2; -ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.",
                "ACL LOG -1; *0",
                "ACL LOG; *0",
                "ACL FOO; -ERR unknown subcommand 'FOO'. Try ACL HELP.",
                "ACL SETUSER; -ERR wrong number of arguments for 'acl|setuser' command",
                "ACL DELUSER default; -ERR The 'default' user cannot be removed",
                "ACL GETUSER nosuch; $-1",
                "ACL DRYRUN nosuch get; -ERR User 'nosuch' not found",
                "ACL DRYRUN default nosuch; -ERR Command 'nosuch' not found",
                "ACL DRYRUN default get; -ERR wrong number of arguments for 'get' command",
                "ACL DRYRUN default config nosuch; -ERR Command 'config' not found",
                "ACL DRYRUN default config; -ERR wrong number of arguments for 'config' command",
                "ACL USERS; *1 $7 default",
                "ACL LIST; *1 $34 user default on nopass ~* &* +@all",
                "ACL CAT transaction; *5 $7 discard $4 exec $5 multi $7 unwatch $5 watch",
            })
    void ACL_answers_as_Redis(String request, String reply) {
        assertThat(client.line(request)).isEqualTo(reply);
    }

    @Test
    void a_name_that_cannot_be_listed_is_refused() {
        assertThat(client.send("HELLO", "3", "SETNAME", "a b"))
                .isEqualTo("-ERR Client names cannot contain spaces, newlines or special characters.");
        assertThat(client.session.protocol()).isEqualTo(2);
    }

    @Test
    void files_need_a_file() {
        String text = "-ERR This Redis instance is not configured to use an ACL file. You may want to specify users via"
                + " the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration"
                + " file set) in order to store users in the Redis configuration.";
        assertThat(client.line("ACL LOAD")).isEqualTo(text);
        assertThat(client.line("ACL SAVE")).isEqualTo(text);
    }

    @Test
    void GENPASS_makes_as_many_digits_as_bits_need() {
        assertThat(client.line("ACL GENPASS")).matches("\\$64 [0-9a-f]{64}");
        assertThat(client.line("ACL GENPASS 5")).matches("\\$2 [0-9a-f]{2}");
        assertThat(client.line("ACL GENPASS 4096")).matches("\\$1024 [0-9a-f]{1024}");
    }

    @Test
    void CAT_lists_the_categories_in_the_order_of_Redis() {
        assertThat(client.line("ACL CAT"))
                .startsWith("*21 $8 keyspace $4 read $5 write $3 set")
                .endsWith("$9 scripting");
    }

    @Test
    void HELP_begins_as_Redis_does() {
        assertThat(client.line("ACL HELP"))
                .startsWith("*27 +ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +CAT [<category>] ");
    }

    @Test
    void GETUSER_shows_a_map_whose_flags_are_a_set() {
        assertThat(client.line("ACL SETUSER u on >p ~a &c +get (+set ~b)")).isEqualTo("+OK");
        String hash = Passwords.hash("p");
        String selector = "$8 commands $10 -@all +set $4 keys $2 ~b $8 channels $0 ";
        String rest = "$2 on $9 passwords *1 $64 " + hash
                + " $8 commands $10 -@all +get $4 keys $2 ~a $8 channels $2 &c" + " $9 selectors *1 ";
        assertThat(client.line("ACL GETUSER u")).isEqualTo("*12 $5 flags *1 " + rest + "*6 " + selector);
        client.line("HELLO 3");
        assertThat(client.line("ACL GETUSER u")).isEqualTo("%6 $5 flags ~1 " + rest + "%3 " + selector);
        assertThat(client.line("ACL GETUSER nosuch")).isEqualTo("_");
    }

    @Test
    void GETUSER_shows_databases_where_a_rule_names_them() {
        client.line("ACL SETUSER u db=0,3 (+get)");
        assertThat(client.line("ACL GETUSER u"))
                .contains("$9 databases $6 db=0,3 $9 selectors")
                .endsWith("$9 databases $6 alldbs");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = ';',
            value = {
                "get a; +OK",
                "GET b; This user has no permissions to access the 'b' key",
                "flushall; This user has no permissions to run the 'flushall' command",
                "config get x; This user has no permissions to run the 'config|get' command",
                "publish c m; This user has no permissions to access the 'c' channel",
                "auth x; +OK",
                "sort a BY x; +OK",
            })
    void DRYRUN_tells_what_would_be_refused(String request, String reply) {
        client.line("ACL SETUSER u ~a +@all -flushall -config");
        assertThat(client.line("ACL DRYRUN u " + request)).endsWith(reply);
    }

    @Test
    void DRYRUN_judges_the_form_in_strict() {
        var strict = AccessFixture.strict();
        var admin = strict.connect();
        admin.line("ACL SETUSER w ~a +@write");
        assertThat(admin.line("ACL DRYRUN w set a v")).isEqualTo("+OK");
        assertThat(admin.line("ACL DRYRUN w set a v get"))
                .endsWith("User w has no permissions to run the 'set' command");
        assertThat(admin.line("ACL DRYRUN w set b v")).endsWith("User w has no permissions to access the 'b' key");
    }

    @Test
    void LOG_counts_what_repeats_within_a_minute() {
        redis.setUser("u", "on nopass +get +acl");
        client.line("AUTH u x");
        client.line("GET k");
        redis.nowMillis += 1500;
        client.line("GET k");
        client.line("SET k v");
        redis.nowMillis += 250;
        String second = "*14 $5 count :1 $6 reason $7 command $7 context $8 toplevel $6 object $3 set $8 username $1 u"
                + " $11 age-seconds $4 0.25 $11 client-info $4 id=1";
        String first = "*14 $5 count :2 $6 reason $3 key $7 context $8 toplevel $6 object $1 k $8 username $1 u"
                + " $11 age-seconds $4 0.25 $11 client-info $4 id=1";
        assertThat(client.line("ACL LOG")).isEqualTo("*2 " + second + " " + first);
        assertThat(client.line("ACL LOG 1")).isEqualTo("*1 " + second);
        redis.nowMillis += 61_000;
        client.line("GET k");
        assertThat(client.line("ACL LOG")).startsWith("*3 *14 $5 count :1 $6 reason $3 key");
        assertThat(client.line("ACL LOG RESET")).isEqualTo("+OK");
        assertThat(client.line("ACL LOG")).isEqualTo("*0");
        assertThat(redis.log.denied(AclLog.Reason.KEY)).isEqualTo(3);
    }

    @Test
    void LOG_has_the_fields_of_7_2_in_strict_and_a_limit() {
        var strict = AccessFixture.strict();
        var admin = strict.connect();
        admin.line("AUTH nosuch x");
        admin.line("AUTH other x");
        admin.line("HELLO 3");
        assertThat(admin.line("ACL LOG 1"))
                .isEqualTo("*1 %10 $5 count :1 $6 reason $4 auth $7 context $8 toplevel $6 object $4 AUTH $8 username"
                        + " $5 other $11 age-seconds ,0 $11 client-info $4 id=1 $8 entry-id :1 $17 timestamp-created"
                        + " :1700000000000 $22 timestamp-last-updated :1700000000000");
        strict.log.setLengthMax(1);
        assertThat(admin.line("ACL LOG")).startsWith("*1 ");
    }

    @Test
    void names_are_bytes() {
        assertThat(client.line("ACL SETUSER \u00e9\u00ff on nopass +@all")).isEqualTo("+OK");
        assertThat(client.line("AUTH \u00e9\u00ff x")).isEqualTo("+OK");
        assertThat(client.line("ACL WHOAMI")).isEqualTo("$2 \u00e9\u00ff");
    }
}
