import { BatchFaults, parseBatchFault } from "../../src";

describe("a Batch fault", () => {
    it("hits the first attempt of every task unless its rule says otherwise", () => {
        expect(parseBatchFault("kind=preempt")).toEqual({
            kind: "preempt",
            job: undefined,
            task: undefined,
            every: 1,
            attempts: 1,
            after: 0,
            ticks: 3,
        });
        const faults = new BatchFaults([parseBatchFault("kind=preempt,job=a,every=10,attempts=2,after=1.5")]);
        const hits = (jobId: string, index: number, attempt: number) => faults.ofTask({ jobId, index, attempt })?.after;
        expect([hits("a-1", 0, 0), hits("a-1", 20, 1)]).toEqual([1.5, 1.5]);
        expect([hits("b-1", 0, 0), hits("a-1", 5, 0), hits("a-1", 0, 2)]).toEqual([undefined, undefined, undefined]);
        expect(faults.ofJob("quota", "a-1")).toBeUndefined();
    });

    it("notifies listeners when it is added, and is gone once the faults are cleared", () => {
        const faults = new BatchFaults();
        const listener = jest.fn();
        const forget = faults.onAdded(listener);
        faults.add(parseBatchFault("kind=stock-out,ticks=all"));
        forget();
        faults.add(parseBatchFault("kind=no-agent"));
        expect(listener).toHaveBeenCalledTimes(1);
        expect(faults.ofJob("stock-out", "any")?.ticks).toBe(Number.POSITIVE_INFINITY);
        faults.clear();
        expect(faults.ofJob("stock-out", "any")).toBeUndefined();
    });

    it.each([
        ["preempt", 'got "preempt"'],
        ["kind=storm", 'kind must be one of preempt, lost-agent, .*got "storm"'],
        ["kind=preempt,every=0", 'every must be a number such as 1; got "0"'],
        ["kind=preempt,task=all", 'task must be a number such as 0; got "all"'],
        ["kind=quota,ticks=-1", 'ticks must be a number such as 3; got "-1"'],
        ["kind=quota,percent=3", "with the keys kind, job, task, every, attempts, after, ticks"],
    ])("rejects the rule %s", (rule, message) => {
        expect(() => parseBatchFault(rule)).toThrow(new RegExp(message));
    });
});
