/** A node in the metadata tree: a value, a list, or a directory. */
export type MetadataNode = string | number | boolean | MetadataDirectory | readonly MetadataNode[];
/** Keys as written in paths, e.g. `service-accounts`, `machine-type`. */
export interface MetadataDirectory {
    readonly [key: string]: MetadataNode;
}

/** The data about a VM that its metadata server returns. */
export interface MetadataSource {
    readonly project: string;
    readonly projectNumber: string;
    readonly zone: string;
    readonly name: string;
    readonly id: string;
    readonly hostname: string;
    readonly machineType: string;
    readonly image: string;
    readonly preempted: boolean;
    readonly attributes: Readonly<Record<string, string>>;
    readonly tags: readonly string[];
    readonly scheduling: { automaticRestart: boolean; onHostMaintenance: string; preemptible: boolean };
    readonly networkIp: string;
    readonly network: string;
    /** Undefined for a VM without a service account. */
    readonly serviceAccount: { email: string; scopes: readonly string[] } | undefined;
}

/**
 * Builds the tree below `/computeMetadata/v1/`, except for tokens.
 * @see https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
 */
export function metadataTree(source: MetadataSource): MetadataDirectory {
    const account = source.serviceAccount;
    const accountNode = account && { aliases: ["default"], email: account.email, scopes: [...account.scopes] };
    const accounts: MetadataDirectory =
        accountNode === undefined ? {} : { default: accountNode, [accountNode.email]: accountNode };
    const flag = (value: boolean) => (value ? "TRUE" : "FALSE");
    return {
        instance: {
            attributes: { ...source.attributes },
            "cpu-platform": "Emulated",
            description: "",
            disks: [
                {
                    "device-name": "persistent-disk-0",
                    index: 0,
                    interface: "SCSI",
                    mode: "READ_WRITE",
                    type: "PERSISTENT",
                },
            ],
            hostname: source.hostname,
            id: source.id,
            image: source.image,
            "machine-type": `projects/${source.projectNumber}/machineTypes/${source.machineType}`,
            "maintenance-event": "NONE",
            name: source.name,
            "network-interfaces": [
                { ip: source.networkIp, network: `projects/${source.projectNumber}/networks/${source.network}` },
            ],
            preempted: flag(source.preempted),
            scheduling: {
                "automatic-restart": flag(source.scheduling.automaticRestart),
                "on-host-maintenance": source.scheduling.onHostMaintenance,
                preemptible: flag(source.scheduling.preemptible),
            },
            "service-accounts": accounts,
            tags: [...source.tags],
            zone: `projects/${source.projectNumber}/zones/${source.zone}`,
        },
        project: {
            attributes: {},
            "numeric-project-id": source.projectNumber,
            "project-id": source.project,
        },
        universe: { "universe-domain": "googleapis.com" },
    };
}

/** Returns the node at a path such as `instance/attributes/user-data`, or undefined if it does not exist. */
export function metadataAt(tree: MetadataDirectory, path: string): MetadataNode | undefined {
    let node: MetadataNode | undefined = tree;
    for (const key of path.split("/").filter((part) => part !== "")) {
        if (typeof node !== "object" || !Object.hasOwn(node, key)) {
            return undefined;
        }
        node = (node as Readonly<Record<string, MetadataNode>>)[key];
    }
    return node;
}

/** Tests whether a node is shown as a directory. `tags` and `scopes` are shown as lists of values. */
export function isDirectory(node: MetadataNode): boolean {
    return Array.isArray(node) ? node.some((entry) => typeof entry === "object") : typeof node === "object";
}

/** Returns the names in a directory, one per line, with a slash after each subdirectory. */
export function listDirectory(node: MetadataNode): string {
    return Object.entries(node)
        .map(([key, child]) => `${key}${isDirectory(child) ? "/" : ""}\n`)
        .join("");
}

/** Returns a value as text; a list has one value per line. */
export function valueText(node: MetadataNode): string {
    return Array.isArray(node) ? node.map((entry) => `${entry}\n`).join("") : String(node);
}

/** Returns a subtree for `?recursive=true`, as JSON with camelCase keys, but leaves attribute names unchanged. */
export function recursiveJson(node: MetadataNode, key = ""): unknown {
    if (Array.isArray(node)) {
        return node.map((entry: MetadataNode) => recursiveJson(entry));
    }
    if (typeof node !== "object") {
        // These are the only two numbers in the real tree. A double cannot represent them exactly, but JSON text can.
        return node;
    }
    return Object.fromEntries(
        Object.entries(node).map(([name, child]) => [
            key === "attributes" ? name : name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
            recursiveJson(child, name),
        ]),
    );
}
