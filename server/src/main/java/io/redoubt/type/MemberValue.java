package io.redoubt.type;

/** A value whose elements have names: members of a set, of a sorted set, fields of a hash. */
public interface MemberValue {
    /** Removes an element; says whether it was there. */
    boolean remove(Element name);

    /** Whether nothing is left; then the key must go. */
    boolean isEmpty();
}
