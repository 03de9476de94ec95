import { readFileSync } from "node:fs";
import path from "node:path";
import { toOnnx } from "../../lib/onnx";
import { iris, PRODUCER } from "./data";
import { fitModel } from "./fit";
import { describeWithOnnxruntime, runPython } from "./onnxruntime";

const page = readFileSync(path.join(__dirname, "../../../docs/trainer.md"), "utf8");
const [single = "", frame = ""] = [...page.matchAll(/```python\n([\s\S]*?)```/g)].map(([, program]) => program);

describeWithOnnxruntime("a Python example in docs/trainer.md", () => {
    it("predicts a flower", async () => {
        const printed = await runPython("use.py", {
            "use.py": single,
            "model.onnx": toOnnx(await fitModel(iris()), { producer: PRODUCER }),
        });

        expect(printed).toBe("['Iris-setosa'] [[1. 0. 0.]]\n");
    });
});

const FRAMES = "the conversion of a DataFrame in docs/trainer.md";

describeWithOnnxruntime(
    FRAMES,
    () => {
        it("predicts the rows of a DataFrame, with whole numbers and missing values", async () => {
            const header = "PetalWidthCm,SepalLengthCm,SepalWidthCm,PetalLengthCm";
            const printed = await runPython("use.py", {
                "use.py": frame,
                "model.onnx": toOnnx(await fitModel(iris()), { producer: PRODUCER }),
                "rows.csv": `${header}\n0,5,3,1\n2,6.7,,6\n`,
            });

            expect(printed).toBe("['Iris-setosa' 'Iris-virginica']\n");
        });
    },
    "pandas",
);
