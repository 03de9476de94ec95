import {
    type CreateResource,
    callAndWait,
    omitUndefined,
    type Properties,
    type RehearsalContext,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** `gcp.compute.Network`. */
export const network: CreateResource = ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["name", "project", "autoCreateSubnetworks", "description", "routingMode"]);
    return compute(inputs, context, "global/networks", { ...inputs });
};

/** `gcp.compute.Subnetwork`. */
export const subnetwork: CreateResource = ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, [
        "name",
        "project",
        "network",
        "region",
        "ipCidrRange",
        "privateIpGoogleAccess",
        "description",
    ]);
    return compute(inputs, context, `regions/${inputs.region ?? context.gcp.region}/subnetworks`, { ...inputs });
};

/** `gcp.compute.Firewall`. */
export const firewall: CreateResource = ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, [
        "name",
        "project",
        "network",
        "direction",
        "description",
        "allows",
        "priority",
        "sourceRanges",
        "targetServiceAccounts",
    ]);
    const { allows, ...rest } = inputs;
    const allowed = (allows as { protocol: string; ports?: string[] }[] | undefined)?.map((rule) =>
        omitUndefined({ IPProtocol: rule.protocol, ports: rule.ports }),
    );
    return compute(inputs, context, "global/firewalls", { ...rest, allowed });
};

/** Creates a resource of one of the three types, which share their naming and lifecycle. */
async function compute(inputs: Properties, context: RehearsalContext, collection: string, body: Properties) {
    const { project = context.gcp.project, name } = inputs;
    const id = `projects/${project}/${collection}/${name}`;
    await callAndWait(
        context,
        "POST",
        `/compute/v1/projects/${project}/${collection}`,
        omitUndefined({ ...body, project: undefined }),
    );
    return {
        id,
        outputs: { name, selfLink: `https://www.googleapis.com/compute/v1/${id}` },
        detail: String(name),
        destroy: (later: RehearsalContext) => callAndWait(later, "DELETE", `/compute/v1/${id}`),
    };
}
