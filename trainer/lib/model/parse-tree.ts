/** The trainer creates at most 64 levels; the limit keeps a malicious file from exhausting the stack. */
const MAX_DEPTH = 1000;

/** A problem in a tree. */
export interface TreeProblem {
    /** Path of the value, relative to the node that was checked, such as `.left.splitColumn`. */
    path: string;
    /** Completes the sentence "`path` must be ...". */
    allowed: string;
    got: unknown;
}

/** Number of columns and classes in the model; 0 classes for a regression. */
export interface TreeSizes {
    features: number;
    classes: number;
}

/**
 * Checks a tree from a file: every node has two children and a split, or is a leaf with shares or a number. A forest has
 * millions of nodes, so paths are built only when there is a problem.
 */
export function checkTree(root: unknown, sizes: TreeSizes): TreeProblem | undefined {
    return checkNode(root, sizes, 0);
}

function checkNode(value: unknown, sizes: TreeSizes, depth: number): TreeProblem | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return { path: "", allowed: "an object", got: value };
    }
    if (depth > MAX_DEPTH) {
        return { path: "", allowed: `at most ${MAX_DEPTH} levels deep`, got: depth };
    }
    const { left, right, splitColumn, splitValue, missingLeft, distribution } = value as Record<string, unknown>;
    if (left === undefined && right === undefined) {
        return within(".distribution", checkDistribution(distribution, sizes.classes));
    }
    if (!Number.isInteger(splitColumn) || Number(splitColumn) < 0 || Number(splitColumn) >= sizes.features) {
        return { path: ".splitColumn", allowed: `an integer from 0 to ${sizes.features - 1}`, got: splitColumn };
    }
    if (typeof splitValue !== "number") {
        return { path: ".splitValue", allowed: "a number", got: splitValue };
    }
    if (missingLeft !== undefined && missingLeft !== true) {
        return { path: ".missingLeft", allowed: "true or absent", got: missingLeft };
    }
    return within(".left", checkNode(left, sizes, depth + 1)) ?? within(".right", checkNode(right, sizes, depth + 1));
}

function checkDistribution(value: unknown, classes: number): TreeProblem | undefined {
    if (classes === 0) {
        return typeof value === "number" ? undefined : { path: "", allowed: "a number", got: value };
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        const entries = Object.entries(value);
        const areShares = entries.every(([label, share]) => isLabel(label, classes) && isShare(share));
        return entries.length > 0 && areShares
            ? undefined
            : { path: "", allowed: `shares of classes from 0 to ${classes - 1}`, got: value };
    }
    if (!Array.isArray(value) || value.length === 0) {
        return { path: "", allowed: "a list that is not empty", got: value };
    }
    const shares: unknown = value[0];
    if (!Array.isArray(shares) || shares.length === 0 || shares.length > classes) {
        return { path: "[0]", allowed: `1 to ${classes} numbers`, got: shares };
    }
    return shares.every(isShare) ? undefined : { path: "[0]", allowed: "numbers, 0 or more", got: shares };
}

/** ml-cart sums shares, so one may be 1.0000000000000004. */
function isShare(value: unknown): boolean {
    return typeof value === "number" && value >= 0;
}

function isLabel(text: string, classes: number): boolean {
    return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) < classes;
}

function within(path: string, problem: TreeProblem | undefined): TreeProblem | undefined {
    return problem && { ...problem, path: `${path}${problem.path}` };
}
