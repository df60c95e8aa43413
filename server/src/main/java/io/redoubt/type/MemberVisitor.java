package io.redoubt.type;

/** Receives members of a set or a sorted set; changes nothing. */
public interface MemberVisitor {
    void visit(Element member);
}
