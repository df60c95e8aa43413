package io.redoubt.command;

/** What a look-up of a key of one type found. */
public enum Presence {
    ABSENT,
    PRESENT,
    /** It holds another type; the error is written. */
    WRONG_TYPE
}
