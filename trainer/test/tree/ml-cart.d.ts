/** The part of ml-cart 2.1.1 that the tests use; the package has no types. */
declare module "ml-cart" {
    interface TreeOptions {
        gainFunction?: string;
        splitFunction?: string;
        minNumSamples?: number;
        maxDepth?: number;
        gainThreshold?: number;
    }

    class DecisionTree {
        constructor(options: TreeOptions);
        /** `y`: for classification, class indices from 0 to k-1. */
        train(x: number[][], y: number[]): void;
        predict(x: number[][]): number[];
        toJSON(): unknown;
    }

    export class DecisionTreeClassifier extends DecisionTree {
        static load(model: unknown): DecisionTreeClassifier;
    }

    export class DecisionTreeRegression extends DecisionTree {
        static load(model: unknown): DecisionTreeRegression;
    }
}
