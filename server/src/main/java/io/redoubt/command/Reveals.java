package io.redoubt.command;

/** The strongest thing that a command's reply can tell about stored data. */
public enum Reveals {
    /** Nothing. */
    NOTHING,
    /** Sizes and numbers of keys. */
    LENGTH,
    /** Whether a key exists, or key names. */
    EXISTENCE,
    /** Whether a named element exists. */
    MEMBERSHIP,
    /** Something computed from contents or metadata. */
    DERIVED,
    /** Stored bytes. */
    VALUE
}
