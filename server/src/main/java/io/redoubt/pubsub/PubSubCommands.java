package io.redoubt.pubsub;

import static io.redoubt.command.ArgSpec.block;
import static io.redoubt.command.ArgSpec.pattern;
import static io.redoubt.command.ArgSpec.string;
import static io.redoubt.command.CommandFlag.FAST;
import static io.redoubt.command.CommandFlag.LOADING;
import static io.redoubt.command.CommandFlag.MAY_REPLICATE;
import static io.redoubt.command.CommandFlag.NOSCRIPT;
import static io.redoubt.command.CommandFlag.PUBSUB;
import static io.redoubt.command.CommandFlag.STALE;
import static io.redoubt.command.CommandFlag.WHILE_SUBSCRIBED;

import io.redoubt.command.Args;
import io.redoubt.command.Call;
import io.redoubt.command.CommandFamily;
import io.redoubt.command.CommandSpec;
import io.redoubt.command.Form;
import io.redoubt.command.KeySpec;
import io.redoubt.command.SubcommandHelp;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Commands about channels. A subscription's confirmation is a message, as those that follow it. */
public final class PubSubCommands extends CommandFamily {
    private final PubSub pubSub;
    /** One per loop, and one for the link to our master. */
    private final Name[] lookups;

    public PubSubCommands(PubSub pubSub, int loops) {
        super("pubsub");
        this.pubSub = pubSub;
        lookups = new Name[loops + 1];
        for (int i = 0; i < lookups.length; i++) {
            lookups[i] = pubSub.lookup();
        }
    }

    private CommandSpec listening(String name) {
        return command(name).flags(PUBSUB, NOSCRIPT, LOADING, STALE, WHILE_SUBSCRIBED);
    }

    // ---- Subscribing ----

    final CommandSpec subscribe = listening("SUBSCRIBE")
            .arity(-2)
            .since("2.0.0")
            .complexity("O(N), N = channels")
            .summary("Listens to channels.")
            .args(string("channel").multiple())
            .form(PubSubCommands::parseChannels)
            .handler(call -> subscribe(call, Kind.CHANNEL));

    final CommandSpec psubscribe = listening("PSUBSCRIBE")
            .arity(-2)
            .since("2.0.0")
            .complexity("O(N), N = patterns")
            .summary("Listens to all channels that match patterns.")
            .args(block("pattern", pattern("pattern")).multiple())
            .form(PubSubCommands::parsePatterns)
            .handler(call -> subscribe(call, Kind.PATTERN));

    final CommandSpec ssubscribe = listening("SSUBSCRIBE")
            .arity(-2)
            .since("7.0.0")
            .complexity("O(N), N = channels")
            .summary("Listens to shard channels.")
            .keys(1, -1, 1, KeySpec.Flag.NOT_KEY)
            .args(string("shardchannel").multiple())
            .form(PubSubCommands::parseChannels)
            .handler(call -> subscribe(call, Kind.SHARD_CHANNEL));

    private static void parseChannels(Args args, Form form) {
        for (int arg = 1; arg < args.count(); arg++) {
            form.addChannel(arg);
        }
    }

    private static void parsePatterns(Args args, Form form) {
        parseChannels(args, form);
        form.channelsArePatterns = true;
    }

    private void subscribe(Call call, Kind kind) {
        if (call.session().isMaster()) {
            return; // Nobody would read the messages.
        }
        deliver(call);
        for (int arg = 1; arg < call.argCount(); arg++) {
            byte[] name = call.args().bytes(arg);
            pubSub.subscribe(kind, call.session(), name, call.unit().loop());
            confirm(call, kind, kind.subscribed, name);
        }
        call.pushed();
    }

    /** What was published before now comes before what this command changes. */
    private void deliver(Call call) {
        if (pubSub.deliverAll(call.session(), call.reply(), call.unit().loop())) {
            call.pushed();
        }
    }

    private static void confirm(Call call, Kind kind, byte[] word, byte @Nullable [] name) {
        var reply = call.reply();
        reply.pushHeader(3);
        reply.bulk(word);
        if (name == null) {
            reply.nil();
        } else {
            reply.bulk(name);
        }
        reply.integer(count(call, kind));
    }

    /** How many subscriptions are left: shard channels count apart. */
    private static int count(Call call, Kind kind) {
        var subscriptions = call.session().subscriptions();
        if (subscriptions == null) {
            return 0;
        }
        return kind == Kind.SHARD_CHANNEL
                ? subscriptions.shardChannelCount()
                : subscriptions.channelCount() + subscriptions.patternCount();
    }

    // ---- Unsubscribing, which needs no right to the channel ----

    final CommandSpec unsubscribe = listening("UNSUBSCRIBE")
            .arity(-1)
            .since("2.0.0")
            .complexity("O(N), N = channels")
            .summary("Stops listening to channels; to all, unless some are named.")
            .args(string("channel").optional().multiple())
            .handler(call -> unsubscribe(call, Kind.CHANNEL));

    final CommandSpec punsubscribe = listening("PUNSUBSCRIBE")
            .arity(-1)
            .since("2.0.0")
            .complexity("O(N), N = patterns")
            .summary("Stops listening to patterns; to all, unless some are named.")
            .args(pattern("pattern").optional().multiple())
            .handler(call -> unsubscribe(call, Kind.PATTERN));

    final CommandSpec sunsubscribe = listening("SUNSUBSCRIBE")
            .arity(-1)
            .since("7.0.0")
            .complexity("O(N), N = channels")
            .summary("Stops listening to shard channels; to all, unless some are named.")
            .keys(1, -1, 1, KeySpec.Flag.NOT_KEY)
            .args(string("shardchannel").optional().multiple())
            .handler(call -> unsubscribe(call, Kind.SHARD_CHANNEL));

    private void unsubscribe(Call call, Kind kind) {
        if (call.session().isMaster()) {
            return;
        }
        deliver(call);
        if (call.argCount() > 1) {
            for (int arg = 1; arg < call.argCount(); arg++) {
                byte[] name = call.args().bytes(arg);
                pubSub.unsubscribe(kind, call.session(), name);
                confirm(call, kind, kind.unsubscribed, name);
            }
        } else {
            unsubscribeAll(call, kind);
        }
        call.pushed();
    }

    private void unsubscribeAll(Call call, Kind kind) {
        List<Name> names = call.session().subscriptions() instanceof Subscriber own ? own.names(kind) : List.of();
        for (var name : names) {
            pubSub.unsubscribe(kind, call.session(), name);
            confirm(call, kind, kind.unsubscribed, name.bytes());
        }
        if (names.isEmpty()) {
            confirm(call, kind, kind.unsubscribed, null);
        }
    }

    // ---- Publishing ----

    final CommandSpec publish = command("PUBLISH")
            .arity(3)
            .since("2.0.0")
            .complexity("O(N+M), N = receivers, M = patterns of all clients")
            .summary("Sends a message to who listens to a channel.")
            .flags(PUBSUB, LOADING, STALE, FAST, MAY_REPLICATE)
            .args(string("channel"), string("message"))
            .form((_, form) -> form.addChannel(1))
            .handler(call -> publish(call, Kind.CHANNEL));

    final CommandSpec spublish = command("SPUBLISH")
            .arity(3)
            .since("7.0.0")
            .complexity("O(N), N = receivers")
            .summary("Sends a message to who listens to a shard channel.")
            .flags(PUBSUB, LOADING, STALE, FAST, MAY_REPLICATE)
            .key(1, KeySpec.Flag.NOT_KEY)
            .args(string("shardchannel"), string("message"))
            .form((_, form) -> form.addChannel(1))
            .handler(call -> publish(call, Kind.SHARD_CHANNEL));

    private void publish(Call call, Kind kind) {
        var args = call.args();
        long receivers = 0;
        if (pubSub.hasListeners(kind)) {
            var content = new Message.Content(
                    args.buffer(), args.start(1), args.length(1), args.buffer(), args.start(2), args.length(2));
            receivers = pubSub.publish(kind, content, lookups[call.unit().loop()], null);
            if (receivers > 0 && call.session().subscriptions() != null) {
                deliver(call); // As in Redis, the publisher's own message precedes its reply.
            }
        }
        if (call.unit().effects().isWanted()) {
            call.logAsSent();
            call.unit().effects().replicasOnly();
        }
        call.reply().integer(receivers);
    }

    // ---- Who listens ----

    final CommandSpec pubsub = command("PUBSUB")
            .arity(-2)
            .since("2.8.0")
            .complexity("Depends on the subcommand.")
            .summary("Holds the commands that tell who listens.");

    private CommandSpec figures(String name) {
        return subcommand(pubsub, name).flags(PUBSUB, LOADING, STALE);
    }

    final CommandSpec channels = figures("CHANNELS")
            .arity(-2)
            .since("2.8.0")
            .complexity("O(N), N = channels")
            .summary("Lists the channels that somebody listens to.")
            .args(pattern("pattern").optional())
            .handler(call -> replyNames(call, Kind.CHANNEL));

    final CommandSpec shardchannels = figures("SHARDCHANNELS")
            .arity(-2)
            .since("7.0.0")
            .complexity("O(N), N = channels")
            .summary("Lists the shard channels that somebody listens to.")
            .args(pattern("pattern").optional())
            .handler(call -> replyNames(call, Kind.SHARD_CHANNEL));

    private void replyNames(Call call, Kind kind) {
        if (call.argCount() > 3) {
            byte[] text = ("ERR unknown subcommand or wrong number of arguments for '"
                            + call.args().text(1) + "'. Try PUBSUB HELP.")
                    .getBytes(StandardCharsets.ISO_8859_1);
            call.reply().error(text, 0, text.length);
            return;
        }
        var names = pubSub.names(kind, call.argCount() == 3 ? call.args().bytes(2) : null);
        call.reply().arrayHeader(names.size());
        for (byte[] name : names) {
            call.reply().bulk(name);
        }
    }

    final CommandSpec numsub = figures("NUMSUB")
            .arity(-2)
            .since("2.8.0")
            .complexity("O(N), N = channels")
            .summary("Counts the subscribers of channels, without those by pattern.")
            .args(string("channel").optional().multiple())
            .handler(call -> replyCounts(call, Kind.CHANNEL));

    final CommandSpec shardnumsub = figures("SHARDNUMSUB")
            .arity(-2)
            .since("7.0.0")
            .complexity("O(N), N = channels")
            .summary("Counts the subscribers of shard channels.")
            .args(string("shardchannel").optional().multiple())
            .handler(call -> replyCounts(call, Kind.SHARD_CHANNEL));

    private void replyCounts(Call call, Kind kind) {
        call.reply().arrayHeader(2L * (call.argCount() - 2));
        for (int arg = 2; arg < call.argCount(); arg++) {
            byte[] name = call.args().bytes(arg);
            call.reply().bulk(name);
            call.reply().integer(pubSub.subscriberCount(kind, name));
        }
    }

    final CommandSpec numpat = figures("NUMPAT")
            .arity(2)
            .since("2.8.0")
            .complexity("O(1)")
            .summary("Counts the patterns that somebody listens to.")
            .handler(this::numpat);

    private void numpat(Call call) {
        call.reply().integer(pubSub.patternCount());
    }

    final CommandSpec help = subcommand(pubsub, "HELP")
            .arity(2)
            .since("6.2.0")
            .complexity("O(1)")
            .summary("Explains the subcommands.")
            .flags(LOADING, STALE)
            .handler(PubSubCommands::help);

    private static void help(Call call) {
        SubcommandHelp.reply(
                call.reply(),
                "PUBSUB",
                "CHANNELS [<pattern>]",
                "    List the channels that somebody listens to and that match the pattern.",
                "NUMPAT",
                "    Count the patterns that somebody listens to.",
                "NUMSUB [<channel> ...]",
                "    Count the subscribers of these channels, without those by pattern.",
                "SHARDCHANNELS [<pattern>]",
                "    List the shard channels that somebody listens to and that match the pattern.",
                "SHARDNUMSUB [<shardchannel> ...]",
                "    Count the subscribers of these shard channels.");
    }
}
