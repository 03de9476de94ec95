import { execFile, execFileSync } from "node:child_process";
import {
    chmodSync,
    existsSync,
    lstatSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { contextFiles, copyBuildContext } from "../../infra/build-context";
import { LOADER } from "../helpers/cli-command";

const OWNER = { stack: "dev", component: "trainer" };
const COPY = ".build-context/dev/trainer";

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "context-"));
    write("trainer/src/train.py", "print(1)");
    write("trainer/node_modules/x/index.js", "x");
    write("trainer/Dockerfile", "FROM scratch");
    write("trainer/.dockerignore", "*\n!src\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): void {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
}

function filesIn(folder: string): string[] {
    return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => path.relative(path.join(root, folder), path.join(entry.parentPath, entry.name)))
        .map((name) => name.split(path.sep).join("/"))
        .sort();
}

describe("contextFiles", () => {
    it("lists the files that .dockerignore does not exclude", () => {
        expect(contextFiles(path.join(root, "trainer"))).toEqual(["src/train.py"]);
    });

    it("prefers the Dockerfile's own .dockerignore", () => {
        write("trainer/Dockerfile.dockerignore", "node_modules\n.*\nDockerfile*");
        write("trainer/more.txt", "");

        expect(contextFiles(path.join(root, "trainer"))).toEqual(["more.txt", "src/train.py"]);
    });

    it("lists all files and links if nothing is ignored", () => {
        rmSync(path.join(root, "trainer/.dockerignore"));
        symlinkSync("src/train.py", path.join(root, "trainer/link"));

        expect(contextFiles(path.join(root, "trainer"))).toEqual([
            "Dockerfile",
            "link",
            "node_modules/x/index.js",
            "src/train.py",
        ]);
    });
});

describe("copyBuildContext", () => {
    it("copies the files that Docker reads to a path that does not depend on the trainer's folder", () => {
        expect(copyBuildContext(root, "trainer", OWNER)).toBe(COPY);
        expect(copyBuildContext(root, path.join(root, "trainer"), OWNER)).toBe(COPY);
        expect(filesIn(COPY)).toEqual([".dockerignore", "Dockerfile", "src/train.py"]);
        expect(readFileSync(path.join(root, COPY, "src/train.py"), "utf8")).toBe("print(1)");
    });

    it("updates the copy and leaves the trainer's folder unchanged", () => {
        copyBuildContext(root, "trainer", OWNER);
        write("trainer/src/train.py", "print(2)");
        write("trainer/src/new.py", "");
        copyBuildContext(root, "trainer", OWNER);
        rmSync(path.join(root, "trainer/src/new.py"));
        copyBuildContext(root, "trainer", OWNER);

        expect(filesIn(COPY)).toEqual([".dockerignore", "Dockerfile", "src/train.py"]);
        expect(readFileSync(path.join(root, COPY, "src/train.py"), "utf8")).toBe("print(2)");
        expect(existsSync(path.join(root, "trainer/node_modules/x/index.js"))).toBe(true);
        expect(readdirSync(path.join(root, ".build-context/dev"))).toEqual(["trainer"]);
    });

    it("leaves an up-to-date copy alone, because another program may be reading it", () => {
        copyBuildContext(root, "trainer", OWNER);
        const inode = () => lstatSync(path.join(root, COPY)).ino;
        const before = inode();
        copyBuildContext(root, "trainer", OWNER);

        expect(inode()).toBe(before);
    });

    it("can run in several programs at the same time", async () => {
        const module = path.join(__dirname, "../../infra/build-context");
        const many = Array.from({ length: 200 }, (_, index) => `src/part-${100 + index}.py`);
        for (const name of many) {
            write(`trainer/${name}`, name);
        }
        // All programs begin at the same time, with an outdated copy.
        copyBuildContext(root, "trainer", OWNER);
        write("trainer/src/train.py", "print(2)");
        write(
            "program.js",
            `const { copyBuildContext } = require(${JSON.stringify(module)});
            require("node:fs").writeFileSync("ready-" + process.argv[2], "");
            while ([0, 1, 2, 3, 4, 5].some((index) => !require("node:fs").existsSync("ready-" + index))) {}
            copyBuildContext(${JSON.stringify(root)}, "trainer", ${JSON.stringify(OWNER)});`,
        );
        const start = (index: number) =>
            promisify(execFile)(process.execPath, ["-r", LOADER, "program.js", String(index)], { cwd: root });
        await Promise.all([0, 1, 2, 3, 4, 5].map(start));

        expect(readdirSync(path.join(root, ".build-context/dev"))).toEqual(["trainer"]);
        expect(filesIn(COPY)).toEqual([".dockerignore", "Dockerfile", ...many, "src/train.py"]);
        expect(readFileSync(path.join(root, COPY, "src/train.py"), "utf8")).toBe("print(2)");
    });

    it("excludes the copies if the trainer's folder contains the program", () => {
        write("Dockerfile", "FROM scratch");
        const below = path.join(root, "trainer");
        for (const program of [root, root, below, below]) {
            copyBuildContext(program, root, OWNER);
        }

        for (const program of [".", "trainer"]) {
            expect(filesIn(`${program}/${COPY}`)).toEqual([
                "Dockerfile",
                "trainer/.dockerignore",
                "trainer/Dockerfile",
                "trainer/node_modules/x/index.js",
                "trainer/src/train.py",
            ]);
        }
    });

    it("hides the copies from git", () => {
        copyBuildContext(root, "trainer", OWNER);
        execFileSync("git", ["init", "--quiet"], { cwd: root });

        expect(execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" })).toBe("?? trainer/\n");
    });

    it("keeps a separate copy for each stack and each job, whatever their names", () => {
        expect(copyBuildContext(root, "trainer", { stack: "prod", component: "a/b" })).toBe(
            ".build-context/prod/a%2Fb",
        );
        expect(filesIn(".build-context/prod/a%2Fb")).toContain("Dockerfile");
    });

    it("rejects a folder without a Dockerfile", () => {
        expect(() => copyBuildContext(root, "elsewhere", OWNER)).toThrow(
            `trainer must be a folder with a Dockerfile; got "elsewhere", and ${path.join(root, "elsewhere")} has none`,
        );
    });

    const describeWithModes = process.platform === "win32" ? describe.skip : describe;
    describeWithModes("on a system with permission bits [skipped on Windows, which lacks them]", () => {
        it.each(["600", "664", "644", "755"])("sets the same permission bits for files with %s", (bits) => {
            const mode = Number.parseInt(bits, 8);
            const folderMode = mode | ((mode & 0o444) >> 2);
            chmodSync(path.join(root, "trainer/src/train.py"), mode);
            chmodSync(path.join(root, "trainer/src"), folderMode);
            copyBuildContext(root, "trainer", OWNER);
            const modes = ["", "src", "src/train.py", "Dockerfile"].map(
                (name) => lstatSync(path.join(root, COPY, name)).mode & 0o777,
            );

            expect(modes).toEqual([0o755, 0o755, 0o755, 0o755]);
            expect(lstatSync(path.join(root, "trainer/src/train.py")).mode & 0o777).toBe(mode);
        });

        it.each(["src", "src/train.py"])("restores the permission bits of %s in the copy", (name) => {
            copyBuildContext(root, "trainer", OWNER);
            chmodSync(path.join(root, COPY, name), 0o700);
            copyBuildContext(root, "trainer", OWNER);

            expect(lstatSync(path.join(root, COPY, name)).mode & 0o777).toBe(0o755);
        });

        it("copies links as links", () => {
            symlinkSync("train.py", path.join(root, "trainer/src/link"));
            copyBuildContext(root, "trainer", OWNER);

            copyBuildContext(root, "trainer", OWNER);

            expect(readlinkSync(path.join(root, COPY, "src/link"))).toBe("train.py");
        });
    });
});
