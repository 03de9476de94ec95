import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findPython, pythonCommand } from "../../../cli/start/python";
import { fromUsersFolder, rehearsalAdvice } from "../../../cli/start/stack-config";

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "python-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Adds a program that claims to be Python. */
function addPython(name: string, version: string): string {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho "${file}"\necho ${version}\n`);
    chmodSync(file, 0o755);
    return file;
}

describe("the Python that runs a script in a rehearsal", () => {
    it("comes from the active environment, otherwise from .venv, otherwise from PATH", async () => {
        const onPath = addPython("bin/python3", "3.10.0");
        const env = { PATH: path.dirname(onPath) + path.delimiter + process.env.PATH };
        await expect(findPython(root, env)).resolves.toEqual({ program: onPath, version: "3.10.0" });
        const own = addPython(".venv/bin/python", "3.11.0");
        await expect(findPython(root, env)).resolves.toEqual({ program: own, version: "3.11.0" });
        const active = addPython("active/bin/python", "3.12.0");
        const activated = { ...env, VIRTUAL_ENV: path.join(root, "active") };
        await expect(findPython(root, activated)).resolves.toEqual({ program: active, version: "3.12.0" });
    });

    it("is reported as missing, with instructions", async () => {
        await expect(findPython(root, { PATH: root })).rejects.toThrow(
            "script needs Python, but no python3 is on PATH (install Python, or start Docker: npm start -- --runtime docker)",
        );
    });

    it("also runs a script whose name needs quotes", () => {
        expect(pythonCommand({ program: "/opt/my python", version: "" }, "it's.py")).toBe(
            `'/opt/my python' 'it'\\''s.py'`,
        );
    });
});

describe("a file that --config names", () => {
    it("may be in the folder from which npm was called", () => {
        mkdirSync(path.join(root, "data"));
        writeFileSync(path.join(root, "data/houses.csv"), "");
        const at = (override: string) => fromUsersFolder(override, root, path.join(root, "data"));
        expect(at("dataset=houses.csv")).toBe(`dataset=${path.join("data", "houses.csv")}`);
        expect(at("script=none.py")).toBe("script=none.py");
        expect(at("dataset=gs://b/houses.csv")).toBe("dataset=gs://b/houses.csv");
        expect(at("target=houses.csv")).toBe("target=houses.csv");
        expect(fromUsersFolder("dataset=houses.csv", root, undefined)).toBe("dataset=houses.csv");
    });
});

it("advice from the VM is reworded to name the rehearsal's command", () => {
    expect(
        rehearsalAdvice(
            "The run exceeded its limit; raise maxRunMinutes (npx pulumi config set maxRunMinutes 2) and run pulumi up",
        ),
    ).toBe("The run exceeded its limit; raise maxRunMinutes (npm start -- maxRunMinutes=2)");
    expect(rehearsalAdvice("The image is gone; run pulumi up to build it")).toBe(
        "The image is gone; run npm start to build it",
    );
});
