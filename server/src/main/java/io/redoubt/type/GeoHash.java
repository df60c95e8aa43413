package io.redoubt.type;

/**
 * Places on earth as numbers of 52 bits, as Redis keeps them in the scores of sorted sets: latitude and longitude, cut
 * into 2^26 steps each within the limits of the Web Mercator projection, bit by bit in turn. Numbers that begin alike
 * are near each other.
 *
 * <p>A cell is a place with fewer steps; its bits stand lowest. The earth is taken for a sphere.
 */
public final class GeoHash {
    public static final double LATITUDE_MAX = 85.05112878;
    public static final double LONGITUDE_MAX = 180;
    /** Steps of each coordinate in a score. */
    public static final int STEPS_MAX = 26;

    private static final double EARTH_RADIUS = 6372797.560856;
    private static final double MERCATOR_MAX = 20037726.37;
    private static final long EVEN_BITS = 0x5555555555555555L;
    private static final long ODD_BITS = 0xAAAAAAAAAAAAAAAAL;
    private static final String ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";
    private static final int TEXT_LENGTH = 11;

    private GeoHash() {}

    /** A rectangle that all places of a cell lie in, in degrees. */
    public record Area(double longitudeMin, double longitudeMax, double latitudeMin, double latitudeMax) {}

    /** A place, in degrees. */
    public record Place(double longitude, double latitude) {
        /** Whether a hash can be made of it. */
        public boolean isValid() {
            return Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX;
        }

        /** How far another place is, in metres. */
        public double distance(Place other) {
            return GeoHash.distance(longitude, latitude, other.longitude, other.latitude);
        }
    }

    /** The cell of a place. */
    public static long encode(Place place, int steps) {
        return encode(place, LATITUDE_MAX, steps);
    }

    private static long encode(Place place, double latitudeMax, int steps) {
        double latitudeShare = (place.latitude + latitudeMax) / (2 * latitudeMax);
        double longitudeShare = (place.longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX);
        long latitudeSteps = (long) (latitudeShare * (1L << steps));
        long longitudeSteps = (long) (longitudeShare * (1L << steps));
        return spread(latitudeSteps) | spread(longitudeSteps) << 1;
    }

    /** Puts a zero between each two of the lower 32 bits. */
    private static long spread(long bits) {
        long spread = bits & 0xFFFFFFFFL;
        spread = (spread | spread << 16) & 0x0000FFFF0000FFFFL;
        spread = (spread | spread << 8) & 0x00FF00FF00FF00FFL;
        spread = (spread | spread << 4) & 0x0F0F0F0F0F0F0F0FL;
        spread = (spread | spread << 2) & 0x3333333333333333L;
        return (spread | spread << 1) & EVEN_BITS;
    }

    private static long gather(long bits) {
        long gathered = bits & EVEN_BITS;
        gathered = (gathered | gathered >>> 1) & 0x3333333333333333L;
        gathered = (gathered | gathered >>> 2) & 0x0F0F0F0F0F0F0F0FL;
        gathered = (gathered | gathered >>> 4) & 0x00FF00FF00FF00FFL;
        gathered = (gathered | gathered >>> 8) & 0x0000FFFF0000FFFFL;
        return (gathered | gathered >>> 16) & 0xFFFFFFFFL;
    }

    public static Area decode(long cell, int steps) {
        double scale = 1L << steps;
        long latitude = gather(cell);
        long longitude = gather(cell >>> 1);
        return new Area(
                -LONGITUDE_MAX + longitude / scale * (2 * LONGITUDE_MAX),
                -LONGITUDE_MAX + (longitude + 1) / scale * (2 * LONGITUDE_MAX),
                -LATITUDE_MAX + latitude / scale * (2 * LATITUDE_MAX),
                -LATITUDE_MAX + (latitude + 1) / scale * (2 * LATITUDE_MAX));
    }

    /** The place of a score: the middle of its cell. */
    public static Place place(double score) {
        var area = decode((long) score, STEPS_MAX);
        return new Place(
                Math.clamp((area.longitudeMin + area.longitudeMax) / 2, -LONGITUDE_MAX, LONGITUDE_MAX),
                Math.clamp((area.latitudeMin + area.latitudeMax) / 2, -LATITUDE_MAX, LATITUDE_MAX));
    }

    /** The text of eleven letters by which others know the place; they use all latitudes up to the poles. */
    public static String text(double score) {
        long bits = encode(place(score), 90, STEPS_MAX);
        var text = new StringBuilder(TEXT_LENGTH);
        for (int i = 0; i < TEXT_LENGTH; i++) {
            // 52 bits are ten letters and two bits; the eleventh is always the first letter.
            int letter = i == TEXT_LENGTH - 1 ? 0 : (int) (bits >>> 52 - (i + 1) * 5) & 0x1F;
            text.append(ALPHABET.charAt(letter));
        }
        return text.toString();
    }

    // ---- Distances, in metres ----

    private static double distance(double longitude1, double latitude1, double longitude2, double latitude2) {
        double first = Math.toRadians(latitude1);
        double second = Math.toRadians(latitude2);
        double u = Math.sin((second - first) / 2);
        double v = Math.sin((radians(longitude2) - radians(longitude1)) / 2);
        return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(u * u + Math.cos(first) * Math.cos(second) * v * v));
    }

    private static double radians(double degrees) {
        return degrees * (Math.PI / 180);
    }

    private static double degrees(double radians) {
        return radians / (Math.PI / 180);
    }

    /** What is searched: within a radius, or in a rectangle, around a place. Lengths in metres. */
    public record Shape(Place middle, boolean isCircle, double width, double height) {
        /** The distance of a place from the middle; NaN if it is outside. */
        public double distanceInside(Place place) {
            if (!isCircle) {
                double east = place.distance(new Place(middle.longitude, place.latitude));
                double north = place.distance(new Place(place.longitude, middle.latitude));
                if (east > width / 2 || north > height / 2) {
                    return Double.NaN;
                }
            }
            double distance = middle.distance(place);
            return isCircle && distance > width / 2 ? Double.NaN : distance;
        }

        private double reach() {
            return isCircle ? width / 2 : Math.sqrt(width / 2 * (width / 2) + height / 2 * (height / 2));
        }

        private Area bounds() {
            double latitudeDelta = degrees(height / 2 / EARTH_RADIUS);
            double towardsPole =
                    middle.latitude < 0 ? middle.latitude - latitudeDelta : middle.latitude + latitudeDelta;
            double longitudeDelta = degrees(width / 2 / EARTH_RADIUS / Math.cos(radians(towardsPole)));
            return new Area(
                    middle.longitude - longitudeDelta,
                    middle.longitude + longitudeDelta,
                    middle.latitude - latitudeDelta,
                    middle.latitude + latitudeDelta);
        }
    }

    // ---- Cells that cover a shape ----

    /** The ranges of scores, from the first (included) to the last (excluded), in which all places of a shape lie. */
    public static long[][] ranges(Shape shape) {
        var bounds = shape.bounds();
        int steps = steps(shape.reach(), shape.middle.latitude);
        long cell = encode(shape.middle, steps);
        if (steps > 1 && isTooSmall(cell, steps, bounds)) {
            steps--;
            cell = encode(shape.middle, steps);
        }
        var area = decode(cell, steps);
        boolean isPruned = steps >= 2;
        boolean north = !isPruned || area.latitudeMax <= bounds.latitudeMax;
        boolean south = !isPruned || area.latitudeMin >= bounds.latitudeMin;
        boolean east = !isPruned || area.longitudeMax <= bounds.longitudeMax;
        boolean west = !isPruned || area.longitudeMin >= bounds.longitudeMin;
        long[] cells = {
            cell,
            north ? move(cell, steps, 0, 1) : -1,
            south ? move(cell, steps, 0, -1) : -1,
            east ? move(cell, steps, 1, 0) : -1,
            west ? move(cell, steps, -1, 0) : -1,
            north && east ? move(cell, steps, 1, 1) : -1,
            north && west ? move(cell, steps, -1, 1) : -1,
            south && east ? move(cell, steps, 1, -1) : -1,
            south && west ? move(cell, steps, -1, -1) : -1
        };
        return ranges(cells, steps);
    }

    private static long[][] ranges(long[] cells, int steps) {
        int shift = 52 - steps * 2;
        long[][] ranges = new long[cells.length][];
        int count = 0;
        long last = -1;
        for (long cell : cells) {
            // With very few steps neighbours are the same cell.
            if (cell >= 0 && cell != last) {
                ranges[count++] = new long[] {cell << shift, cell + 1 << shift};
                last = cell;
            }
        }
        return java.util.Arrays.copyOf(ranges, count);
    }

    private static boolean isTooSmall(long cell, int steps, Area bounds) {
        return decode(move(cell, steps, 0, 1), steps).latitudeMax < bounds.latitudeMax
                || decode(move(cell, steps, 0, -1), steps).latitudeMin > bounds.latitudeMin
                || decode(move(cell, steps, 1, 0), steps).longitudeMax < bounds.longitudeMax
                || decode(move(cell, steps, -1, 0), steps).longitudeMin > bounds.longitudeMin;
    }

    /** How many steps a cell has that is at least as large as a radius. */
    private static int steps(double radius, double latitude) {
        if (radius == 0) {
            return STEPS_MAX;
        }
        int steps = 1;
        for (double reach = radius; reach < MERCATOR_MAX; reach *= 2) {
            steps++;
        }
        steps -= 2; // So that the neighbours surely cover the radius.
        if (Math.abs(latitude) > 66) {
            steps--; // Towards the poles cells are narrower.
            if (Math.abs(latitude) > 80) {
                steps--;
            }
        }
        return Math.clamp(steps, 1, STEPS_MAX);
    }

    /** The cell so many to the east and to the north (each -1 to 1), around the earth. */
    private static long move(long cell, int steps, int east, int north) {
        int unused = 64 - steps * 2;
        long longitude = cell & ODD_BITS;
        long latitude = cell & EVEN_BITS;
        if (east != 0) {
            long ones = EVEN_BITS >>> unused;
            longitude = east > 0 ? longitude + (ones + 1) : (longitude | ones) - (ones + 1);
            longitude &= ODD_BITS >>> unused;
        }
        if (north != 0) {
            long ones = ODD_BITS >>> unused;
            latitude = north > 0 ? latitude + (ones + 1) : (latitude | ones) - (ones + 1);
            latitude &= EVEN_BITS >>> unused;
        }
        return longitude | latitude;
    }
}
