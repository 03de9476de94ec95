import { OnnxError, toOnnx } from "../../lib/onnx";
import { iris, PRODUCER } from "./data";
import { fitModel } from "./fit";

describe("toOnnx", () => {
    it("produces the same bytes for the same model", async () => {
        const model = await fitModel(iris());
        const copy = structuredClone(model);

        expect(toOnnx(copy, { producer: PRODUCER })).toEqual(toOnnx(model, { producer: PRODUCER }));
        expect(copy).toEqual(model);
    });

    it("rejects a model that is too large for the format", async () => {
        const model = await fitModel(iris());
        const { length } = toOnnx(model, { producer: PRODUCER });

        expect(toOnnx(model, { producer: PRODUCER, maxBytes: length })).toHaveLength(length);
        expect(() => toOnnx(model, { producer: PRODUCER, maxBytes: length - 1 })).toThrow(
            new OnnxError(
                `The model takes ${length} bytes as ONNX, but a file can have at most ${length - 1}; ` +
                    "fewer trees or a lower maxDepth make it smaller",
            ),
        );
    });
});
