import { formatValue } from "../../../cli/shared/metrics";
import { countOf } from "../../../cli/shared/text";

describe("numbers for people", () => {
    it.each([
        [1, "1 row"],
        [999, "999 rows"],
        [10_000_000, "10,000,000 rows"],
    ])("a count of %p has thousands separators", (number, shown) => {
        expect(countOf(number, "row")).toBe(shown);
    });

    it.each([
        [0.933333333, "0.93333"],
        [1234.5678, "1,234.6"],
        [12_345, "12,345"],
        ["tree", "tree"],
    ])("a metric of %p has five significant digits", (value, shown) => {
        expect(formatValue(value)).toBe(shown);
    });
});
