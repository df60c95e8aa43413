package io.redoubt.command;

import io.redoubt.resp.Reply;
import java.util.ArrayList;
import java.util.List;

/** What COMMAND INFO and COMMAND DOCS answer about a command, derived from its declaration. */
final class CommandDescription {
    private CommandDescription() {}

    // ---- COMMAND INFO ----

    /** Writes name, arity, flags, first, last, step, categories, tips, key specifications and subcommands. */
    static void info(CommandSpec spec, Reply reply) {
        var range = KeyRange.of(spec);
        reply.arrayHeader(10);
        reply.bulk(spec.fullNameBytes());
        reply.integer(spec.arity());
        words(shownFlags(spec), reply);
        reply.integer(range.first());
        reply.integer(range.last());
        reply.integer(range.step());
        words(spec.categories().stream().map(category -> "@" + category.word()).toList(), reply);
        reply.setHeader(spec.tips().size());
        for (String tip : spec.tips()) {
            reply.bulk(tip);
        }
        reply.setHeader(spec.keySpecs().size());
        for (var keySpec : spec.keySpecs()) {
            keySpec(keySpec, reply);
        }
        if (spec.subcommands().isEmpty()) {
            reply.setHeader(0);
            return;
        }
        reply.arrayHeader(spec.subcommands().size());
        for (var subcommand : spec.subcommands()) {
            info(subcommand, reply);
        }
    }

    /** Returns the words of the flags that Redis knows. */
    static List<String> shownFlags(CommandSpec spec) {
        return spec.flags().stream()
                .filter(CommandFlag::isShown)
                .map(CommandFlag::word)
                .toList();
    }

    private static void words(List<String> words, Reply reply) {
        reply.setHeader(words.size());
        for (String word : words) {
            reply.status(word);
        }
    }

    private static void keySpec(KeySpec spec, Reply reply) {
        reply.mapHeader(spec.notes() == null ? 3 : 4);
        if (spec.notes() != null) {
            reply.bulk("notes");
            reply.bulk(spec.notes());
        }
        reply.bulk("flags");
        words(spec.flags().stream().map(KeySpec.Flag::word).toList(), reply);
        boolean isUnknown = spec.beginKeyword() == null && spec.beginIndex() == 0;
        reply.bulk("begin_search");
        if (isUnknown) {
            typed("unknown", 0, reply);
        } else if (spec.beginKeyword() != null) {
            typed("keyword", 2, reply);
            reply.bulk("keyword");
            reply.bulk(spec.beginKeyword());
            field("startfrom", spec.beginIndex(), reply);
        } else {
            typed("index", 1, reply);
            field("index", spec.beginIndex(), reply);
        }
        reply.bulk("find_keys");
        if (isUnknown) {
            typed("unknown", 0, reply);
        } else if (spec.byKeyCount()) {
            typed("keynum", 3, reply);
            field("keynumidx", spec.last(), reply);
            field("firstkey", spec.limit(), reply);
            field("keystep", spec.step(), reply);
        } else {
            typed("range", 3, reply);
            field("lastkey", spec.last(), reply);
            field("keystep", spec.step(), reply);
            field("limit", spec.limit(), reply);
        }
    }

    private static void typed(String type, int fieldCount, Reply reply) {
        reply.mapHeader(2);
        field("type", type, reply);
        reply.bulk("spec");
        reply.mapHeader(fieldCount);
    }

    private static void field(String name, long value, Reply reply) {
        reply.bulk(name);
        reply.integer(value);
    }

    private static void field(String name, String value, Reply reply) {
        reply.bulk(name);
        reply.bulk(value);
    }

    // ---- COMMAND DOCS ----

    /** Writes the name and the map that documents the command: one pair of COMMAND DOCS. */
    static void docs(CommandSpec spec, Reply reply) {
        reply.bulk(spec.fullNameBytes());
        int mark = reply.beginArray();
        int count = 2;
        if (!spec.summary().isEmpty()) {
            field("summary", spec.summary(), reply);
            count++;
        }
        field("since", spec.since(), reply);
        field("group", spec.group(), reply);
        if (!spec.complexity().isEmpty()) {
            field("complexity", spec.complexity(), reply);
            count++;
        }
        if (spec.deprecatedSince() != null) {
            reply.bulk("doc_flags");
            words(List.of("deprecated"), reply);
            field("deprecated_since", spec.deprecatedSince(), reply);
            count += 2;
        }
        if (spec.replacedBy() != null) {
            field("replaced_by", spec.replacedBy(), reply);
            count++;
        }
        if (!spec.history().isEmpty()) {
            reply.bulk("history");
            reply.setHeader(spec.history().size());
            for (String[] change : spec.history()) {
                reply.arrayHeader(2);
                reply.bulk(change[0]);
                reply.bulk(change[1]);
            }
            count++;
        }
        if (!spec.args().isEmpty()) {
            arguments(spec.args(), reply);
            count++;
        }
        if (!spec.subcommands().isEmpty()) {
            reply.bulk("subcommands");
            reply.mapHeader(spec.subcommands().size());
            for (var subcommand : spec.subcommands()) {
                docs(subcommand, reply);
            }
            count++;
        }
        reply.endMap(mark, count);
    }

    private static void arguments(List<ArgSpec> args, Reply reply) {
        reply.bulk("arguments");
        reply.arrayHeader(args.size());
        for (var arg : args) {
            argument(arg, reply);
        }
    }

    private static void argument(ArgSpec arg, Reply reply) {
        int mark = reply.beginArray();
        int count = 2;
        field("name", arg.name(), reply);
        field("type", arg.type(), reply);
        if (arg.keySpecIndex() >= 0) {
            field("key_spec_index", arg.keySpecIndex(), reply);
            count++;
        }
        if (arg.token() != null) {
            field("token", arg.token(), reply);
            count++;
        }
        if (arg.since() != null) {
            field("since", arg.since(), reply);
            count++;
        }
        var flags = argumentFlags(arg);
        if (!flags.isEmpty()) {
            reply.bulk("flags");
            words(flags, reply);
            count++;
        }
        if (!arg.parts().isEmpty()) {
            arguments(arg.parts(), reply);
            count++;
        }
        reply.endMap(mark, count);
    }

    private static List<String> argumentFlags(ArgSpec arg) {
        var flags = new ArrayList<String>();
        if (arg.isOptional()) {
            flags.add("optional");
        }
        if (arg.isMultiple()) {
            flags.add("multiple");
        }
        if (arg.repeatsToken()) {
            flags.add("multiple_token");
        }
        return flags;
    }
}
