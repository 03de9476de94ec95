import { expandWords, parseExecLine } from "../../src/vm/process/units/exec-line";
import { loadServiceUnit } from "../../src/vm/process/units/service-unit";
import { parseTimeSpan } from "../../src/vm/process/units/time-span";

const load = (service: string, ...dropIns: string[]) =>
    loadServiceUnit("a.service", [
        { path: "a.service", text: service },
        ...dropIns.map((text, index) => ({ path: `a.service.d/${index}.conf`, text })),
    ]);

describe("parseTimeSpan", () => {
    it.each([
        ["90", 90_000],
        ["1.5", 1500],
        ["2min 30s", 150_000],
        ["1h30m", 5_400_000],
        ["50ms", 50],
        ["infinity", Number.POSITIVE_INFINITY],
    ])("reads %j as %d ms", (text, expected) => {
        expect(parseTimeSpan(text)).toBe(expected);
    });

    it.each(["", "5 lightyears", "-1", "a"])("rejects %j", (text) => {
        expect(parseTimeSpan(text)).toBeUndefined();
    });
});

describe("parseExecLine", () => {
    it("unquotes words and reads escapes", () => {
        expect(parseExecLine(String.raw`-/bin/x "a b" 'c"d' e\x20f g\n`)).toEqual({
            ignoreFailure: true,
            words: ["/bin/x", "a b", 'c"d', "e f", "g\n"],
        });
    });

    it.each(["", "-", '/bin/x "a', "+/bin/x", "/bin/a ; /bin/b"])("rejects %j", (line) => {
        expect(() => parseExecLine(line)).toThrow();
    });

    it("expands variables as systemd does: ${A} within a word, $A split into words, an unset one as empty", () => {
        const words = ["x${A}y", "$A", "$NONE", "$$A", "a$A"];
        expect(expandWords(words, { A: "1 2" })).toEqual(["x1 2y", "1", "2", "$A", "a$A"]);
    });
});

describe("loadServiceUnit", () => {
    it("uses systemd's defaults for unset options", () => {
        expect(load("[Service]\nExecStart=/bin/x")).toMatchObject({
            timeoutStartMs: 90_000,
            timeoutStopMs: 90_000,
            runtimeMaxMs: Number.POSITIVE_INFINITY,
            killMode: "control-group",
            successAction: "none",
            console: false,
        });
    });

    it("applies drop-ins: lists grow, an empty value resets them, single values are replaced", () => {
        const unit = load(
            "[Service]\nExecStart=/bin/x\nExecStartPre=/bin/1\nTimeoutStopSec=1\nEnvironment=A=1 'B=2 3'",
            "[Service]\nExecStartPre=/bin/2\nExecStart=\nExecStart=/bin/y\nTimeoutStopSec=7",
            "[Service]\nEnvironment=A=9",
        );
        expect(unit.commands.ExecStartPre.map((line) => line.words)).toEqual([["/bin/1"], ["/bin/2"]]);
        expect(unit.commands.ExecStart.map((line) => line.words)).toEqual([["/bin/y"]]);
        expect(unit.timeoutStopMs).toBe(7000);
        expect(unit.environment).toEqual({ A: "9", B: "2 3" });
    });

    it("joins continued lines, skips comments, and expands %n, %p and %%", () => {
        const unit = load("# c\n[Service]\nExecStart=/bin/x \\\n; comment\n  %n %p 5%%\n");
        expect(unit.commands.ExecStart[0]?.words).toEqual(["/bin/x", "a.service", "a", "5%"]);
    });

    it.each([
        ["[Service]\nExecStart=/bin/x\nDynamicUser=yes", "a.service:3: DynamicUser="],
        ["[Service]\nExecStart=/bin/x\nType=oneshot", "a.service:3: Type="],
        ["[Service]\nExecStart=/bin/x\nRestart=always", "Restart="],
        ["[Service]\nExecStart=/bin/x\nTimeoutStopSec=soon", "TimeoutStopSec="],
        ["[Service]\nExecStart=/bin/x %i", '"%i"'],
        ["[Service]\nExecStart=/bin/x\nStateDirectory=/var", "StateDirectory="],
        ["[Service]\nExecStart=/bin/a\nExecStart=/bin/b", "exactly one ExecStart"],
        ["[Service]", "exactly one ExecStart"],
        ["ExecStart=/bin/x", "a.service:1"],
    ])("rejects %j with an error that names the cause", (text, why) => {
        expect(() => load(text)).toThrow(why);
    });
});
