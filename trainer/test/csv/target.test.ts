import { Dictionary } from "../../lib/csv/dictionary";
import { decideTask } from "../../lib/csv/target";
import { count, repeat } from "../tables";

describe("decideTask", () => {
    const numbers = (values: number[]) => ({ kind: "number" as const, name: "y", values: Float64Array.from(values) });

    it.each([
        ["0 and 1", repeat([0, 1], 20), "classification"],
        ["ten grades, five rows each", repeat(count(10), 50), "classification"],
        ["ten grades in fewer rows", repeat(count(10), 49), "regression"],
        ["eleven whole numbers", repeat(count(11), 110), "regression"],
        ["prices", repeat([1.5, 2.5], 100), "regression"],
        ["a count", count(50), "regression"],
    ])("treats %s as a %s target", (_, values, task) => {
        expect(decideTask(numbers(values), undefined).task).toBe(task);
    });

    it.each(["visits", "n_children", "rating", "star count"])("treats whole numbers named %s as numbers", (name) => {
        const column = { ...numbers(repeat(count(9), 90)), name };
        expect(decideTask(column, undefined)).toEqual({
            task: "regression",
            why: "the target counts or rates something; --task=classification overrides this",
        });
        expect(decideTask({ ...numbers(repeat([0, 1], 90)), name }, undefined).task).toBe("classification");
    });

    it("treats text as classes", () => {
        const column = {
            kind: "text" as const,
            name: "y",
            values: { ints: Int32Array.of(0), scale: 1 },
            dictionary: new Dictionary(),
        };
        expect(decideTask(column, undefined).task).toBe("classification");
    });

    it("follows the hyperparameter `task`", () => {
        expect(decideTask(numbers(repeat([0, 1], 20)), "regression").task).toBe("regression");
        expect(decideTask(numbers(count(50)), "classification").task).toBe("classification");
    });
});
