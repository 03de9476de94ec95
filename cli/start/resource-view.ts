import { batchJobType, trainingRunType } from "../../run/resource-types";
import { partOf, shownType } from "../shared/stack-parts";

/** A resource that was created or destroyed. */
export interface ShownResource {
    type: string;
    name: string;
    /** The text after the resource's name, e.g. an address. */
    detail?: string | undefined;
    ms: number;
}

/** A display of the resources in a rehearsal. */
export interface ResourceView {
    show(sign: "+" | "-", resource: ShownResource): void;
    /** Shows the lines that have been held back. */
    flush(): void;
}

/** Shows a line for each resource, with its type and name as Pulumi displays them. */
export function showEach(print: (line: string) => void): ResourceView {
    return {
        show: (sign, { type, name, detail, ms }) => {
            const title = `${shownType(type).padEnd(42)} ${name}`;
            print(`  ${sign} ${title}${detail ? `  ${detail}` : ""}${duration(ms)}`);
        },
        flush: () => undefined,
    };
}

/** The resource types whose details are shown for their part of the stack. */
const DESCRIBING = [
    "gcp:storage/bucket:Bucket",
    "gcp:storage/bucketObject:BucketObject",
    "docker:index/image:Image",
    "gcp:compute/instance:Instance",
    batchJobType,
    trainingRunType,
];

/** One part of the stack: its number of resources, their details, and the longest time that any of them took. */
interface Part {
    sign: string;
    count: number;
    detail?: string;
    ms: number;
}

/** Shows a line for each part of the stack instead of one for each of its resources. */
export function showParts(print: (line: string) => void): ResourceView {
    const parts = new Map<string, Part>();
    return {
        show: (sign, { type, detail, ms }) => {
            const name = partOf(type);
            const part: Part = parts.get(name) ?? { sign, count: 0, ms: 0 };
            parts.set(name, part);
            part.count += 1;
            part.ms = Math.max(part.ms, ms);
            if (detail !== undefined && DESCRIBING.includes(type)) {
                part.detail = detail;
            }
        },
        flush: () => {
            for (const [name, { sign, count, detail, ms }] of parts) {
                const text = detail ?? (count > 1 ? `${count} resources` : "");
                print(`  ${sign} ${name.padEnd(8)} ${text}${duration(ms)}`.trimEnd());
            }
            parts.clear();
        },
    };
}

function duration(ms: number): string {
    return ms >= 3000 ? `  ${(ms / 1000).toFixed(1)} s` : "";
}
