import { buildImage } from "../../../cli/shared/docker";
import { type ProcessResult, runProcess } from "../../../cli/shared/run-process";

jest.mock("../../../cli/shared/run-process");

const result: ProcessResult = { exitCode: 0, stdout: "sha256:0123\n", output: "" };

describe("an image build that has stopped printing", () => {
    it("is reported with its last line of output, and can still succeed", async () => {
        jest.mocked(runProcess).mockImplementation(async (_command, [verb], options) => {
            if (verb === "build") {
                options?.onSilence?.("Step 1/9 : FROM node\nStep 3/9 : RUN npm ci\n");
            }
            return result;
        });
        const lines: string[] = [];
        const built = await buildImage({ context: "trainer" }, "tag", undefined, (line) => lines.push(line));
        expect(built).toBe("sha256:0123");
        expect(lines).toEqual([
            expect.stringMatching(/nothing for five minutes\. Its last line: Step 3\/9 : RUN npm ci\./),
        ]);
    });
});
