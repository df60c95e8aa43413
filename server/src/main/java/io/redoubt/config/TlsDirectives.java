package io.redoubt.config;

import static io.redoubt.config.Mutability.AT_RUNTIME;

/** Encryption. */
public final class TlsDirectives extends DirectiveGroup {
    public final Directive<String> tlsAuthClients = choice("tls-auth-clients", "yes", "no", "yes", "optional")
            .changes(AT_RUNTIME)
            .meaning("Client certificates required / optional / not asked.");

    public final Directive<String> tlsCaCertDir =
            text("tls-ca-cert-dir", "").changes(AT_RUNTIME).meaning("CA directory.");

    public final Directive<String> tlsCaCertFile =
            text("tls-ca-cert-file", "").changes(AT_RUNTIME).meaning("CA file.");

    public final Directive<String> tlsCertFile =
            text("tls-cert-file", "").changes(AT_RUNTIME).meaning("Server certificate.");

    public final Directive<String> tlsCiphers =
            text("tls-ciphers", "").changes(AT_RUNTIME).meaning("TLS <=1.2 cipher list.");

    public final Directive<String> tlsCiphersuites =
            text("tls-ciphersuites", "").changes(AT_RUNTIME).meaning("TLS 1.3 suites.");

    public final Directive<String> tlsClientCertFile =
            text("tls-client-cert-file", "").changes(AT_RUNTIME).meaning("Certificate for outgoing connections.");

    public final Directive<String> tlsClientKeyFile =
            text("tls-client-key-file", "").changes(AT_RUNTIME).meaning("Key for outgoing connections.");

    public final Directive<String> tlsClientKeyFilePass =
            text("tls-client-key-file-pass", "").changes(AT_RUNTIME).secret().meaning("Passphrase of client key.");

    public final Directive<Boolean> tlsCluster =
            bool("tls-cluster", false).changes(AT_RUNTIME).meaning("TLS on cluster bus.");

    public final Directive<String> tlsDhParamsFile = text("tls-dh-params-file", "")
            .changes(AT_RUNTIME)
            .meaning("DH params.")
            .withoutEffect("the JDK chooses safe groups");

    public final Directive<String> tlsKeyFile =
            text("tls-key-file", "").changes(AT_RUNTIME).meaning("Server key.");

    public final Directive<String> tlsKeyFilePass =
            text("tls-key-file-pass", "").changes(AT_RUNTIME).secret().meaning("Passphrase of server key.");

    public final Directive<Long> tlsPort = integer("tls-port", 0L, 0L, 65535L)
            .changes(AT_RUNTIME)
            .meaning("TLS port; 0 = off. Others are refused: there is no TLS yet.");

    public final Directive<Boolean> tlsPreferServerCiphers =
            bool("tls-prefer-server-ciphers", false).changes(AT_RUNTIME).meaning("Server cipher order.");

    public final Directive<String> tlsProtocols =
            text("tls-protocols", "").changes(AT_RUNTIME).meaning("Space separated list, e.g. \"TLSv1.2 TLSv1.3\".");

    public final Directive<Boolean> tlsReplication =
            bool("tls-replication", false).changes(AT_RUNTIME).meaning("TLS towards master.");

    public final Directive<Long> tlsSessionCacheSize = integer("tls-session-cache-size", 20480L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Cached sessions; 0 = unlimited.");

    public final Directive<Long> tlsSessionCacheTimeout = integer("tls-session-cache-timeout", 300L, 0L, 2147483647L)
            .changes(AT_RUNTIME)
            .meaning("Seconds.");

    public final Directive<Boolean> tlsSessionCaching =
            bool("tls-session-caching", true).changes(AT_RUNTIME).meaning("Session cache on.");

    public TlsDirectives() {
        super("TLS");
    }
}
