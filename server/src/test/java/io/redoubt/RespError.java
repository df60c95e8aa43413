package io.redoubt;

/** An error reply: its text without the leading sign. */
record RespError(String text) {
    static RespError error(String text) {
        return new RespError(text);
    }

    @Override
    public String toString() {
        return "-" + text;
    }
}
