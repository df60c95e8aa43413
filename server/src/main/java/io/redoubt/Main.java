package io.redoubt;

import io.redoubt.command.*;
import io.redoubt.config.ConfigLoader;
import io.redoubt.observe.ServerLog;
import java.util.List;

/** temp */
public final class Main {
    public static void main(String[] args) throws Exception {
        var loaded = ConfigLoader.load(List.of(args), System.in);
        var log = new ServerLog(System.out, null, ServerLog.Level.NOTICE);
        Principal all = new Principal() {
            public String name() { return "default"; }
            public boolean isUnrestricted() { return true; }
        };
        new Redoubt(loaded, log, new Gate() {
            public int check(Principal u, CommandSpec s, Args a, Form f, int d) { return 0; }
            public boolean mayRead(Principal u, byte[] b, int o, int l) { return true; }
            public boolean mustFilterKeys(Principal u) { return false; }
            public byte[] denied(Session s, CommandSpec c, Args a, int v) { return Errors.NO_AUTH; }
            public Principal initialUser(Session s) { return all; }
            public void refresh(Session s) { }
            public long generation() { return 1; }
        });
    }
}
