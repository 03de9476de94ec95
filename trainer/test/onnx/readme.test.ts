import { readFileSync } from "node:fs";
import path from "node:path";
import { toOnnx } from "../../lib/onnx";
import { iris, PRODUCER } from "./data";
import { fitModel } from "./fit";
import { describeWithOnnxruntime, runPython } from "./onnxruntime";

const readme = readFileSync(path.join(__dirname, "../../README.md"), "utf8");

describeWithOnnxruntime("the Python example in the trainer's README", () => {
    it("predicts a flower", async () => {
        const program = /```python\n(?<program>[\s\S]*?)```/.exec(readme)?.groups?.program ?? "";
        const printed = await runPython("use.py", {
            "use.py": program,
            "model.onnx": toOnnx(await fitModel(iris()), { producer: PRODUCER }),
        });

        expect(printed).toBe("['Iris-setosa'] [[1. 0. 0.]]\n");
    });
});
