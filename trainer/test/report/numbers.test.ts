import fc from "fast-check";
import { wilsonInterval } from "../../lib/report";
import { alignedShare, countOf, formatCount, formatNumber, formatShare, niceTicks } from "../../lib/report/numbers";

describe("a number", () => {
    it.each([
        [0, "0"],
        [2.45, "2.45"],
        [2.4500000000000002, "2.45"],
        [1968.5, "1968.5"],
        [12345, "12,345"],
        [123456.7, "123,460"],
        [-38230, "−38,230"],
        [0.00012345, "0.00012345"],
        [0.0000000015, "1.5e−9"],
        [-2.5e12, "−2.5e12"],
        [Number.NaN, "–"],
        [-Infinity, "−∞"],
    ])("%d is shown as %s", (value, shown) => {
        expect(formatNumber(value)).toBe(shown);
    });

    it("has five significant digits", () => {
        fc.assert(
            fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
                const shown = formatNumber(value).replaceAll(",", "").replaceAll("−", "-");
                expect(Number(shown)).toBeCloseTo(Number(value.toPrecision(5)), 300);
            }),
        );
    });
});

describe("a share", () => {
    it.each([
        [0, "0%", "0.0%"],
        [1, "100%", "100.0%"],
        [0.93333, "93.3%", "93.3%"],
        [0.5, "50%", "50.0%"],
        [0.0004, "<0.1%", "<0.1%"],
        [0.99996, ">99.9%", ">99.9%"],
    ])("of %d is shown as %s, and in columns as %s", (share, shown, aligned) => {
        expect(formatShare(share)).toBe(shown);
        expect(alignedShare(share)).toBe(aligned);
    });
});

describe("a count", () => {
    it("has thousands separators, and its noun is singular or plural as needed", () => {
        expect(formatCount(1234567)).toBe("1,234,567");
        expect(countOf(1, "row")).toBe("1 row");
        expect(countOf(1000, "leaf", "leaves")).toBe("1,000 leaves");
    });
});

describe("ticks", () => {
    it("are round, ascending and within the range", () => {
        const ends = fc.tuple(
            fc.double({ min: -1e6, max: 1e6, noNaN: true }),
            fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        );
        fc.assert(
            fc.property(ends, ([low, span]) => {
                const ticks = niceTicks(low, low + span);
                expect(ticks.length).toBeGreaterThanOrEqual(2);
                expect(ticks.length).toBeLessThanOrEqual(6);
                expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
                const slack = span * 1e-6;
                expect(ticks.every((tick) => tick >= low - slack && tick <= low + span + slack)).toBe(true);
            }),
        );
        expect(niceTicks(0, 100)).toEqual([0, 20, 40, 60, 80, 100]);
        expect(niceTicks(3, 3)).toEqual([3]);
    });
});

describe("Wilson's interval", () => {
    it("ends 1.96 standard errors from the share on each side, using the standard error at that end", () => {
        for (const end of wilsonInterval(28 / 30, 30)) {
            const standardError = Math.sqrt((end * (1 - end)) / 30);
            expect(Math.abs(28 / 30 - end)).toBeCloseTo(1.959964 * standardError, 9);
        }
        expect(wilsonInterval(1, 10)).toEqual([expect.closeTo(0.7225, 4), 1]);
    });

    it("contains the share and stays within 0 and 1", () => {
        fc.assert(
            fc.property(
                fc.integer({ min: 1, max: 10_000 }),
                fc.double({ min: 0, max: 1, noNaN: true }),
                (trials, part) => {
                    const share = Math.round(part * trials) / trials;
                    const [low, high] = wilsonInterval(share, trials);
                    expect(low).toBeGreaterThanOrEqual(0);
                    expect(low).toBeLessThanOrEqual(share + 1e-12);
                    expect(high).toBeGreaterThanOrEqual(share - 1e-12);
                    expect(high).toBeLessThanOrEqual(1);
                },
            ),
        );
    });
});
