import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseLogChunkName, pointRun, runLayout } from "../../run/layout";
import { renderStatus, runStates } from "../../run/status";
import { interrupted, usedUp } from "../../run/transitions";
import { FakeClock, runId, statusOf } from "./fakes";

const BOOT_DIR = path.resolve(__dirname, "../../boot");
const scripts = readdirSync(BOOT_DIR)
    .filter((file) => file.endsWith(".sh"))
    .map((file) => readFileSync(path.join(BOOT_DIR, file), "utf8").replaceAll(/^\s*#.*$/gm, ""))
    .join("\n");
const at = runLayout(runId);

function bash(line: string): string {
    return execFileSync("bash", ["-u", "-c", line], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

describe("the names of a run's objects", () => {
    it("are the same as in the boot script", () => {
        const names = new Set(
            [...scripts.matchAll(/\$RUN_PREFIX\/([\w.]+\/?)/g)].map(([, name]) => `${at.root}${name}`),
        );

        expect([...names].sort()).toEqual([at.log, at.model, at.objects, at.status, at.table, at.tableCsv].sort());
        expect(bash(`RUN_ID=${runId}; ${/RUN_PREFIX=\S+/.exec(scripts)?.[0]}; printf %s "$RUN_PREFIX/"`)).toBe(at.root);
    });

    it("are the same as in the script for sweeps", () => {
        const row = /printf ('runs\S+' "\$SWEEP_ID" "\$1")/.exec(scripts)?.[1];

        expect(bash(`SWEEP_ID=${runId}; set -- 42; printf ${row}`)).toBe(at.row(42));
        expect(scripts).toContain("runs/$SWEEP_ID/rows/");
        expect(at.rows).toBe(`${at.root}rows/`);
        expect(scripts).toContain('"runs/$SWEEP_ID/points/$BEST/model/"');
        expect(runLayout(pointRun(runId, "p-0123456789")).model).toBe(`${at.points}p-0123456789/model/`);
    });

    it("include the boot script's name for a log chunk", () => {
        const chunk = /"\$RUN_PREFIX\/(log\/.*?\.txt)"/.exec(scripts)?.[1];
        const name = bash(`from=1234; recall() { [ "$1" = attempt ] && printf 2; }; printf %s "${chunk}"`);

        expect(`${at.root}${name}`).toBe(at.logChunk(2, 1234));
    });

    it("can be parsed back to the attempt and offset of a log chunk", () => {
        expect(parseLogChunkName(runId, at.logChunk(12, 345))).toEqual({ attempt: 12, firstByte: 345 });
        for (const name of [
            at.status,
            at.log,
            at.attemptLog(1),
            `${at.log}1/345.txt`,
            runLayout("r-other").logChunk(1, 0),
        ]) {
            expect(parseLogChunkName(runId, name)).toBeUndefined();
        }
    });
});

describe("a run's status", () => {
    it("has the same keys in the same order when the boot script writes it", () => {
        const setUp = 'RUN_ID=x; BOOT_ID=b; recall() { printf %s "${2:-}"; }; timestamp() { printf t; }';
        const line = bash(`. ${BOOT_DIR}/common.sh; . ${BOOT_DIR}/status.sh; ${setUp}; status_json FAILED 3 why later`);

        expect(Object.keys(JSON.parse(line))).toEqual(Object.keys(JSON.parse(renderStatus(statusOf({})))));
    });

    it("has only states that both sides support", () => {
        const read = [...scripts.matchAll(/\(([A-Z_| ]+)\) (?:interruptions=|leave )/g)].flatMap(([, states]) =>
            (states ?? "").split(" | "),
        );
        const written = [...scripts.matchAll(/(?:keep state |STATUS=|give_up )([A-Z][A-Z_]+)/g)].map(
            ([, state]) => state,
        );

        expect(read.sort()).toEqual([...runStates].sort());
        expect([...runStates]).toEqual(expect.arrayContaining(written));
        expect(written.length).toBeGreaterThan(5);
    });
});

describe("the messages from the waiter and the boot script", () => {
    it("agree on a run that was interrupted too often", () => {
        const lines = scripts.split("\n").filter((line) => /^\s*(reason=|if \[ "\$interruptions" = 1 \])/.test(line));
        for (const interruptions of [1, 3]) {
            const bashReason = bash(
                `interruptions=${interruptions}; MAX_ATTEMPTS=3; ${lines.join("\n")}\nprintf %s "$reason"`,
            );
            const status = statusOf({ interruptions: interruptions - 1 });

            expect(bashReason).toBe(usedUp(status, 3, new FakeClock()).reason);
        }
    });

    it("agree on how to resume an interrupted run", () => {
        const advice = /; run pulumi up .*$/.exec(
            interrupted("the VM iris-vm", { phase: "ended", detail: "is TERMINATED" }).reason ?? "",
        )?.[0];
        const sentences = scripts.match(/because "[^"]*(?:preempted|stopped externally)[^"]*"/g) ?? [];

        expect(sentences).toHaveLength(2);
        for (const sentence of sentences) {
            expect(sentence).toContain(advice);
        }
    });
});
