import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { copyBuildContext } from "../../infra/build-context";
import { withPythonTrainer } from "../../infra/config/python-trainer";

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "python-trainer-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (name: string, content = "") => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
};
const generate = (script: string, requirements = "") =>
    path.join(root, withPythonTrainer({ script, requirements, trainer: "trainer" }, root, "dev").trainer);
const filesIn = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .sort();

describe("the build context for a Python file", () => {
    it("contains the modules in the script's folder, but no hidden files, caches or environments", () => {
        for (const name of [
            "train.py",
            "model/net.py",
            "__pycache__/net.pyc",
            ".env",
            ".git/HEAD",
            "venv/pip",
            "big.csv",
        ]) {
            write(`job/${name}`);
        }
        write("job/.dockerignore", "*.csv\n");
        write("job/requirements.txt", "pandas\n");

        const folder = generate("job/train.py", "job/requirements.txt");

        expect(filesIn(folder)).toEqual([
            "Dockerfile",
            "app/model/net.py",
            "app/requirements.txt",
            "app/train.py",
            "requirements.txt",
        ]);
        expect(readFileSync(path.join(folder, "requirements.txt"), "utf8")).toBe("pandas\n");
        expect(readFileSync(path.join(folder, "Dockerfile"), "utf8")).toMatch(
            /^ENTRYPOINT \["python3", "train.py"\]$/m,
        );
    });

    it("contains only the script if it is in the project folder", () => {
        write("train.py");
        write("index.ts");
        expect(filesIn(generate("train.py"))).toEqual(["Dockerfile", "app/train.py", "requirements.txt"]);
    });

    it("contains a script even if .dockerignore excludes it or its name needs quotes", () => {
        write('job/my "best".py', "print(1)");
        write("job/.dockerignore", "*\n");
        const folder = generate('job/my "best".py');
        expect(readFileSync(path.join(folder, "app", 'my "best".py'), "utf8")).toBe("print(1)");
        expect(readFileSync(path.join(folder, "Dockerfile"), "utf8")).toContain(
            'ENTRYPOINT ["python3", "my \\"best\\".py"]',
        );
    });

    it("is updated when files change, and leaves unchanged files alone", () => {
        write("job/train.py", "1");
        write("job/old.py");
        const folder = generate("job/train.py");
        const before = statSync(path.join(folder, "Dockerfile")).mtimeMs;
        write("job/train.py", "2");
        rmSync(path.join(root, "job/old.py"));

        generate("job/train.py");

        expect(readFileSync(path.join(folder, "app/train.py"), "utf8")).toBe("2");
        expect(existsSync(path.join(folder, "app/old.py"))).toBe(false);
        expect(statSync(path.join(folder, "Dockerfile")).mtimeMs).toBe(before);
    });

    it("can be used to build a job's image, and is hidden from git", () => {
        write("job/train.py");
        const { trainer } = withPythonTrainer({ script: "job/train.py", requirements: "", trainer: "" }, root, "dev");
        const copy = copyBuildContext(root, trainer, { stack: "dev", component: "trainer" });
        expect(filesIn(path.join(root, copy))).toEqual(["Dockerfile", "app/train.py", "requirements.txt"]);
        expect(readFileSync(path.join(root, ".build-context/.gitignore"), "utf8")).toBe("*\n");
    });

    it("is not generated without a script", () => {
        const config = { script: "", requirements: "", trainer: "trainer" };
        expect(withPythonTrainer(config, root, "dev")).toBe(config);
        expect(readdirSync(root)).toEqual([]);
    });
});
