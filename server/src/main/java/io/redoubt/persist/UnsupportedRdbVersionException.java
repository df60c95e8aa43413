package io.redoubt.persist;

/** The file is whole as far as one can tell, but newer than what this server reads. */
public final class UnsupportedRdbVersionException extends RdbException {

    private static final long serialVersionUID = 1L;

    private final String header;

    UnsupportedRdbVersionException(String header) {
        super(
                0,
                "RDB version not supported: header " + header + "; readable are REDIS0001 to REDIS00"
                        + RdbFormat.VERSION_READ_MAX + " and VALKEY080");
        this.header = header;
    }

    /** The nine characters at the start of the file. */
    public String header() {
        return header;
    }
}
