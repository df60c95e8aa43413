package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Who may publish and listen, and what becomes of subscribers when that changes. */
@WithOneAndWithThreeLoops
@DisplayNameGeneration(ReplaceUnderscores.class)
class ChannelRightsTest {
    private static final RespError DENIED = new RespError("NOPERM No permissions to access a channel");

    private final RedoubtServer server;

    ChannelRightsTest(int ioThreads) {
        server = RedoubtServer.with(
                        "user u on >p +@all ~* resetchannels &news &room:*",
                        "user app on >p +@all -@admin ~app:* allchannels",
                        "notify-keyspace-events KEA")
                .ioThreads(ioThreads);
    }

    @BeforeEach
    void start() throws Exception {
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static List<@Nullable Object> message(@Nullable Object... elements) {
        return Arrays.asList(elements);
    }

    private RespClient user() {
        return server.clientAs("u", "p");
    }

    @Test
    void channels_match_the_globs_of_rules() {
        var client = user();
        assertThat(client.send("PUBLISH", "news", "x")).isEqualTo(0L);
        assertThat(client.send("PUBLISH", "room:1", "x")).isEqualTo(0L);
        assertThat(client.send("SPUBLISH", "room:1", "x")).isEqualTo(0L);
        assertThat(client.send("PUBLISH", "other", "x")).isEqualTo(DENIED);
        assertThat(client.send("SPUBLISH", "other", "x")).isEqualTo(DENIED);
        assertThat(client.send("SUBSCRIBE", "room:1", "other")).isEqualTo(DENIED);
        assertThat(client.send("SSUBSCRIBE", "other")).isEqualTo(DENIED);
        assertThat(client.send("PUBSUB", "CHANNELS"))
                .as("nothing of a denied request is done")
                .isEqualTo(List.of());
        assertThat(client.send("SUBSCRIBE", "room:1")).isEqualTo(message("subscribe", "room:1", 1L));
    }

    @Test
    void a_pattern_has_to_be_granted_literally() {
        var client = user();
        assertThat(client.send("PSUBSCRIBE", "room:1*")).isEqualTo(DENIED);
        assertThat(client.send("PSUBSCRIBE", "*")).isEqualTo(DENIED);
        assertThat(client.send("PSUBSCRIBE", "room:*")).isEqualTo(message("psubscribe", "room:*", 1L));
    }

    @Test
    void leaving_needs_no_right() {
        var client = user();
        assertThat(client.send("UNSUBSCRIBE", "other")).isEqualTo(message("unsubscribe", "other", 0L));
        assertThat(client.send("PUNSUBSCRIBE", "*")).isEqualTo(message("punsubscribe", "*", 0L));
    }

    @Test
    void a_denial_names_the_channel_in_the_log() {
        user().send("PUBLISH", "other", "x");
        var entry = (List<?>) ((List<?>) server.client().send("ACL", "LOG")).getFirst();
        assertThat(entry.subList(2, 8))
                .isEqualTo(List.of("reason", "channel", "context", "toplevel", "object", "other"));
    }

    @Test
    void new_users_get_what_acl_pubsub_default_says() {
        var admin = server.client();
        admin.send("ACL", "SETUSER", "silent", "on", ">p", "+@all");
        admin.send("CONFIG", "SET", "acl-pubsub-default", "allchannels");
        admin.send("ACL", "SETUSER", "loud", "on", ">p", "+@all");
        assertThat(server.clientAs("silent", "p").send("PUBLISH", "c", "x")).isEqualTo(DENIED);
        assertThat(server.clientAs("loud", "p").send("PUBLISH", "c", "x")).isEqualTo(0L);
    }

    @Test
    void who_loses_the_right_to_what_it_listens_to_is_cut_off() {
        var byChannel = user();
        byChannel.send("SUBSCRIBE", "news");
        var byPattern = user();
        byPattern.send("PSUBSCRIBE", "room:*");
        var byShard = user();
        byShard.send("SSUBSCRIBE", "room:1");
        var unharmed = user();
        unharmed.send("SUBSCRIBE", "room:2");
        var silent = user();

        server.client().send("ACL", "SETUSER", "u", "resetchannels", "&room:2");

        assertThat(byChannel.readToEnd()).isEmpty();
        assertThat(byPattern.readToEnd()).isEmpty();
        assertThat(byShard.readToEnd()).isEmpty();
        assertThat(unharmed.send("PING")).isEqualTo(message("pong", ""));
        assertThat(silent.send("PING")).isEqualTo("PONG");
    }

    @Test
    void who_keeps_its_rights_or_gets_more_is_pardoned() {
        var client = user();
        client.send("SUBSCRIBE", "news");
        server.client().send("ACL", "SETUSER", "u", "resetchannels", "&news", "&more");
        assertThat(client.send("PING")).isEqualTo(message("pong", ""));
        server.client().send("ACL", "SETUSER", "u", "allchannels");
        assertThat(client.send("PING")).isEqualTo(message("pong", ""));
        server.client().send("ACL", "SETUSER", "u", "resetchannels", "&news");
        assertThat(client.send("PING")).isEqualTo(message("pong", ""));
        server.client().send("ACL", "SETUSER", "u", "resetchannels");
        assertThat(client.readToEnd()).isEmpty();
    }

    @Test
    void who_takes_the_right_from_itself_still_gets_the_reply() {
        var client = server.client();
        client.send("HELLO", "3", "AUTH", "u", "p");
        client.send("SUBSCRIBE", "news");
        assertThat(client.send("ACL", "SETUSER", "u", "resetchannels")).isEqualTo("OK");
        assertThat(client.readToEnd()).isEmpty();
    }

    @Test
    void a_deleted_user_hears_nothing_more() {
        var client = user();
        client.send("SUBSCRIBE", "news");
        var admin = server.client();
        assertThat(admin.send("ACL", "DELUSER", "u")).isEqualTo(1L);
        admin.send("PUBLISH", "news", "secret");
        assertThat(client.readToEnd()).isEmpty();
    }

    @Test
    void keyspace_channels_show_only_keys_that_the_subscriber_may_read() {
        var app = server.clientAs("app", "p");
        app.send("PSUBSCRIBE", "__key*__:*");
        var admin = server.client();
        admin.send("SET", "secret", "x");
        admin.send("SET", "app:1", "x");
        admin.send("PUBLISH", "__keyspace@0__:secret", "no event, but what somebody says");
        assertThat(app.read()).isEqualTo(message("pmessage", "__key*__:*", "__keyspace@0__:app:1", "set"));
        assertThat(app.read()).isEqualTo(message("pmessage", "__key*__:*", "__keyevent@0__:set", "app:1"));
        assertThat(((List<?>) app.read()).get(2)).isEqualTo("__keyspace@0__:secret");
    }

    @Test
    void keyspace_channels_follow_a_change_of_rules_at_once() {
        var app = server.clientAs("app", "p");
        app.send("SUBSCRIBE", "__keyevent@0__:set");
        var admin = server.client();
        admin.send("ACL", "SETUSER", "app", "resetkeys", "~other:*");
        admin.send("SET", "app:1", "x");
        admin.send("SET", "other:1", "x");
        assertThat(app.read()).isEqualTo(message("message", "__keyevent@0__:set", "other:1"));
    }

    @Test
    void keyspace_channels_of_a_database_need_the_right_to_that_database() {
        var admin = server.client();
        admin.send("ACL", "SETUSER", "zero", "on", ">p", "+subscribe", "+get", "~*", "allchannels");
        var client = server.clientAs("zero", "p");
        client.send("SUBSCRIBE", "__keyevent@1__:set");
        client.send("SUBSCRIBE", "__keyevent@0__:set");
        admin.send("SELECT", "1");
        admin.send("SET", "k1", "x");
        admin.send("SELECT", "0");
        admin.send("SET", "k0", "x");
        assertThat(client.read()).isEqualTo(message("message", "__keyevent@0__:set", "k0"));
    }
}
