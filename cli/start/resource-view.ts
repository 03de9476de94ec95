import { cleanupType, readyApisType, savedResultsType, trainingRunType } from "../../run/resource-types";

/** A resource that was created or destroyed. */
export interface ShownResource {
    type: string;
    name: string;
    /** The text after the resource's name, e.g. an address. */
    detail?: string | undefined;
    ms: number;
}

/** The way in which a rehearsal shows resources. */
export interface ResourceView {
    show(sign: "+" | "-", resource: ShownResource): void;
    /** Shows what has been held back. */
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

/** The parts of a stack by resource type. Every other resource supports one of these. */
const PARTS: Readonly<Record<string, string>> = {
    "gcp:projects/service:Service": "APIs",
    [readyApisType]: "APIs",
    "gcp:storage/bucket:Bucket": "bucket",
    [savedResultsType]: "bucket",
    "gcp:storage/bucketObject:BucketObject": "dataset",
    "gcp:artifactregistry/repository:Repository": "image",
    "docker:index/image:Image": "image",
    "gcp:serviceaccount/account:Account": "identity",
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": "identity",
    "gcp:projects/iAMMember:IAMMember": "identity",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "identity",
    "gcp:secretmanager/secret:Secret": "secrets",
    "gcp:secretmanager/secretVersion:SecretVersion": "secrets",
    "gcp:secretmanager/secretIamMember:SecretIamMember": "secrets",
    "gcp:compute/network:Network": "network",
    "gcp:compute/subnetwork:Subnetwork": "network",
    "gcp:compute/firewall:Firewall": "network",
    "gcp:compute/instance:Instance": "VM",
    [cleanupType]: "cleanup",
    [trainingRunType]: "run",
};

/** The resources whose details describe their part; the details of the others are left out. */
const DESCRIBING = [
    "gcp:storage/bucket:Bucket",
    "gcp:storage/bucketObject:BucketObject",
    "docker:index/image:Image",
    "gcp:compute/instance:Instance",
    trainingRunType,
];

/** The number of a part's resources, their description, and the longest time that one took. */
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
            const name = PARTS[type] ?? shownType(type);
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

/** `gcp:storage/bucket:Bucket` as Pulumi displays it, `gcp:storage:Bucket`. */
function shownType(type: string): string {
    return type.replace("pulumi-nodejs:dynamic/", "").replace(/\/[^:]+/, "");
}

function duration(ms: number): string {
    return ms >= 3000 ? `  ${(ms / 1000).toFixed(1)} s` : "";
}
