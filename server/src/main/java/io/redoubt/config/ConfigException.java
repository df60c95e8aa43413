package io.redoubt.config;

/** The server cannot start with this configuration; the message is the whole report for standard error. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    ConfigException(String report) {
        super(report);
    }

    /** All problems, in Redis's form, without any secret. */
    public String report() {
        return String.valueOf(getMessage());
    }
}
