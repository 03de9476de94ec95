import { createProgress } from "../../run/progress";
import { FakeClock } from "./fakes";

function start(totalBytes: number) {
    const clock = new FakeClock();
    const printed: string[] = [];
    const onBytes = createProgress(clock, (line) => printed.push(line), "run r: model", totalBytes);
    return { clock, printed, onBytes };
}

describe("the progress of a download", () => {
    it("is announced for a large one, and printed every ten seconds", async () => {
        const { clock, printed, onBytes } = start(1_000_000_000);
        for (let second = 0; second < 25; second += 1) {
            await clock.sleep(1000);
            onBytes(20_000_000);
        }

        expect(printed).toEqual([
            "run r: model: downloading 1000 MB",
            "run r: model: 200 of 1000 MB downloaded (20%)",
            "run r: model: 400 of 1000 MB downloaded (40%)",
        ]);
    });

    it("is not printed for a small one", async () => {
        const { clock, printed, onBytes } = start(50_000_000);
        await clock.sleep(5000);
        onBytes(50_000_000);

        expect(printed).toEqual([]);
    });

    it("drops back if a download starts over", async () => {
        const { clock, printed, onBytes } = start(100_000_000);
        onBytes(60_000_000);
        onBytes(-60_000_000);
        await clock.sleep(10_000);
        onBytes(10_000_000);

        expect(printed).toEqual(["run r: model: 10 of 100 MB downloaded (10%)"]);
    });
});
