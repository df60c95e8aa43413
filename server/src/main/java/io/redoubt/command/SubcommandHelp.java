package io.redoubt.command;

import io.redoubt.resp.Reply;

/** What HELP subcommands answer: an array of statuses, one per line, with the first and the last line of Redis. */
public final class SubcommandHelp {
    private SubcommandHelp() {}

    /** Answers the lines; what explains a subcommand is indented by four blanks. */
    public static void reply(Reply reply, String container, String... lines) {
        reply.arrayHeader(lines.length + 3L);
        reply.status(container + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        for (String line : lines) {
            reply.status(line);
        }
        reply.status("HELP");
        reply.status("    Prints this help.");
    }
}
