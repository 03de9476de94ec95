import { costText, type RunPrice } from "../../../run/cost/run-cost";
import { renderManifest } from "../../../run/manifest";
import { provenance, status } from "../successful-run";

const PRICE = { hourlyUsd: 0.6, isExample: false };
const attempt = (number: number, from: string, to: string) => ({
    attempt: number,
    loggedFrom: `2026-01-01T${from}Z`,
    loggedTo: `2026-01-01T${to}Z`,
});
const manifest = (price: RunPrice | undefined, attempts = [attempt(1, "00:00:10", "00:01:50")]) =>
    JSON.parse(renderManifest(status, { ...provenance, ...(price ? { price } : {}) }, {}, [], attempts, [], "")) as {
        cost: unknown;
    };

describe("the cost in a manifest", () => {
    it("is the price of the time from the run's start to its end", () => {
        expect(manifest(PRICE).cost).toEqual({ usd: 0.02, minutes: 2, ...PRICE });
    });

    it("includes the attempts that were interrupted", () => {
        const attempts = [
            attempt(1, "00:00:00", "00:30:00"),
            attempt(2, "00:40:00", "00:58:00"),
            attempt(3, "01:00:00", "01:02:00"),
        ];

        expect(manifest(PRICE, attempts).cost).toEqual({ usd: 0.5, minutes: 50, earlierMinutes: 48, ...PRICE });
    });

    it("uses a different price for earlier attempts if only the last one ran on a standard VM", () => {
        const last = { hourlyUsd: 3, attemptUsd: 9, interruptions: status.interruptions };
        const attempts = [attempt(1, "00:00:00", "00:30:00"), attempt(2, "01:00:00", "01:02:00")];

        expect(manifest({ ...PRICE, attemptUsd: 2, last }, attempts).cost).toEqual({
            usd: 0.4,
            minutes: 32,
            earlierMinutes: 30,
            hourlyUsd: 3,
            earlierHourlyUsd: 0.6,
            isExample: false,
        });
    });

    it("is null if the price is unknown", () => {
        expect(manifest(undefined).cost).toBeNull();
    });
});

it.each([
    [0.4, undefined, "$1.00 for less than a minute"],
    [1, undefined, "$1.00 for 1 minute"],
    [5.2, 0.3, "$1.00 for 5.2 minutes, including less than a minute of earlier attempts"],
])("the cost of %d minutes is in words", (minutes, earlierMinutes, text) => {
    const earlier = earlierMinutes === undefined ? {} : { earlierMinutes };

    expect(costText({ usd: 1, minutes, ...earlier, hourlyUsd: 0.6, isExample: false })).toBe(text);
});
