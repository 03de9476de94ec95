import { spawnSync } from "node:child_process";
import path from "node:path";

const BOOT = path.resolve(__dirname, "../../boot");

/** Runs bash with the boot script's functions and a `kill` that only prints, so no signal is ever sent. */
function run(script: string): string {
    const text = `set -u; kill() { echo "kill $*"; }; . "$0/common.sh"; . "$0/finish.sh"; ${script}`;
    const { stdout, stderr } = spawnSync("bash", ["-c", text, BOOT], { encoding: "utf8" });
    expect(stderr).toBe("");
    return stdout;
}

describe("a signal from the boot script", () => {
    it.each(["", "@", "0@", "1@", "-1@", "-5@", "abc@", "5 6@", "99999999999999999999@"])(
        "is not sent to the process %p",
        (identity) => {
            expect(run(`signal KILL '${identity}' || echo refused`)).toBe("refused\n");
        },
    );

    it("is sent to the identified process", () => {
        expect(run('signal TERM "$(identify $$)"')).toMatch(/^kill -TERM [1-9]\d*\n$/);
    });

    const hasProc = process.platform === "linux";
    (hasProc ? it : it.skip)(
        `is not sent to a later process with the same pid${hasProc ? "" : " (skipped: no /proc)"}`,
        () => {
            expect(run('signal TERM "$$@12345" || echo refused')).toBe("refused\n");
            expect(run('signal TERM "$$@" || echo refused')).toBe("refused\n");
            expect(run('signal TERM "$$" || echo refused')).toBe("refused\n");
        },
    );

    it("is not sent if the publisher file is damaged", () => {
        for (const content of ["", "0", "1", "-1", "1@", "junk"]) {
            expect(run(`recall() { printf '%s' '${content}'; }; settle_publisher`)).toBe("");
        }
    });
});
