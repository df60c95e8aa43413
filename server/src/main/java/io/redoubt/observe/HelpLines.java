package io.redoubt.observe;

import io.redoubt.resp.Reply;

/** What the HELP subcommands of this package answer: an array of statuses. */
final class HelpLines {
    private HelpLines() {}

    /** Answers the lines between Redis's first and last; what explains a subcommand is indented by four blanks. */
    static void reply(Reply reply, String container, String... lines) {
        reply.arrayHeader(lines.length + 3L);
        reply.status(container + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        for (String line : lines) {
            reply.status(line);
        }
        reply.status("HELP");
        reply.status("    Print this help.");
    }
}
