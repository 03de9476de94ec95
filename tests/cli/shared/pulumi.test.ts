import path from "node:path";
import { askPulumi, findPulumi } from "../../../cli/shared/stored-runs/pulumi";
import { TestProject } from "./test-project";

let project: TestProject;
beforeEach(() => {
    project = new TestProject();
});
afterEach(() => project.remove());

const pathOf = (...folders: string[]) => ({
    PATH: folders.map((folder) => path.join(project.folder, folder)).join(path.delimiter),
});

describe("findPulumi", () => {
    it("returns the pulumi in PATH, even if npm puts the npm package's pulumi before it", () => {
        project.program("node_modules/.bin/pulumi", "");
        project.program("bin/pulumi", "");

        expect(findPulumi(pathOf("node_modules/.bin", "bin"), project.folder)).toEqual({
            file: path.join(project.folder, "bin", "pulumi"),
            args: [],
        });
    });

    it("returns the npm package's pulumi if PATH contains no other", async () => {
        project.program("node_modules/pulumi/run.js", "console.log(JSON.stringify(process.argv.slice(2)));");
        const how = { folder: project.folder, packageDir: project.folder, env: pathOf("node_modules/.bin") };

        await expect(askPulumi(["stack", "export"], how)).resolves.toEqual(["stack", "export", "--non-interactive"]);
    });
});
