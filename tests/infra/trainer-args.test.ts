import { trainerArgs } from "../../infra/user-data";

describe("arguments of the trainer", () => {
    it("are sorted by name, with scalars as text and with lists and objects as JSON", () => {
        const hyperparameters = { zeta: 0.5, on: true, text: "a b$%\n", list: [1, "x"], object: { b: 1, a: 2 } };

        expect(trainerArgs({ hyperparameters, target: "Species", dropColumns: ["Id", "Name"] })).toEqual([
            '--dropColumns=["Id","Name"]',
            '--list=[1,"x"]',
            '--object={"a":2,"b":1}',
            "--on=true",
            "--target=Species",
            "--text=a b$%\n",
            "--zeta=0.5",
        ]);
    });

    it("omit parameters that are not set", () => {
        expect(trainerArgs({ hyperparameters: {}, target: "", dropColumns: [] })).toEqual([]);
    });
});
