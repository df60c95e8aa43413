package io.redoubt.replication;

import java.io.IOException;

/** Why a link to a master ended, as the line to log. */
final class LinkException extends IOException {
    private static final long serialVersionUID = 1L;

    private final boolean isLasting;

    LinkException(String message) {
        this(message, false);
    }

    /** @param isLasting whether trying again at once would end the same way */
    LinkException(String message, boolean isLasting) {
        super(message);
        this.isLasting = isLasting;
    }

    boolean isLasting() {
        return isLasting;
    }
}
