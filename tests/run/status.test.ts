import { runLayout } from "../../run/layout";
import { parseStatus, renderStatus } from "../../run/status";
import { readStatus } from "../../run/transitions";
import { FakeBucket, runId, statusOf } from "./fakes";

describe("readStatus", () => {
    it("rejects a status that names another run", async () => {
        const bucket = new FakeBucket();
        bucket.put(runLayout(runId).status, renderStatus(statusOf({ runId: "r-ffffffffff" })));
        await expect(readStatus(bucket, runId)).rejects.toThrow(
            `gs://demo-bucket/runs/${runId}/status.json must be the status of ${runId}; got the status of r-ffffffffff`,
        );
    });
});

describe("a run's status", () => {
    it("is rendered on one line with its keys in a fixed order", () => {
        const status = statusOf({
            state: "FAILED",
            exitCode: 3,
            reason: 'it said "no"',
            finishedAt: "2026-01-01T00:01:00Z",
        });
        expect(renderStatus(status)).toBe(
            '{"schema":1,"runId":"r-0123456789","state":"FAILED","attempt":1,"interruptions":0,"reported":false,' +
                '"bootId":"0badc0de","exitCode":3,"reason":"it said \\"no\\"","startedAt":"2026-01-01T00:00:00Z",' +
                '"updatedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:01:00Z"}\n',
        );
        expect(parseStatus(renderStatus(status), "gs://b/o")).toEqual(status);
    });

    it("has null for unknown values", () => {
        const text = '{"schema":1,"runId":"r-0","state":"PENDING","attempt":2,"interruptions":0,"reason":""}';
        expect(parseStatus(text, "gs://b/o")).toEqual({
            schema: 1,
            runId: "r-0",
            state: "PENDING",
            attempt: 2,
            interruptions: 0,
            reported: false,
            bootId: null,
            exitCode: null,
            reason: null,
            startedAt: null,
            updatedAt: null,
            finishedAt: null,
        });
    });

    it.each([
        ["text that is not JSON", "RUNNING", "it must be a JSON object"],
        ["a list", "[]", "it must be a JSON object"],
        ["an unknown state", '{"schema":1,"state":"DONE"}', '"state" must be one of PENDING, PULLING'],
        ["another schema", '{"schema":2,"state":"RUNNING"}', '"schema" must be 1'],
        [
            "a missing attempt",
            '{"schema":1,"state":"RUNNING","runId":"r"}',
            '"attempt" and "interruptions" are required',
        ],
    ])("is rejected if it is invalid: %s", (_what, text, message) => {
        expect(() => parseStatus(text, "gs://b/o")).toThrow(message);
        expect(() => parseStatus(text, "gs://b/o")).toThrow("gs://b/o is not a run's status");
    });
});
