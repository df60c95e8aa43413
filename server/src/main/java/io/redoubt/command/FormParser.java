package io.redoubt.command;

/** Finds the form of a request. A pure function of the arguments; it runs again whenever the request is judged. */
@FunctionalInterface
public interface FormParser {
    /**
     * Fills a form that was reset. It stops at the first error, which it leaves in {@link Form#error}; what it has found
     * until then is still judged by the gate.
     */
    void parse(Args args, Form form);
}
