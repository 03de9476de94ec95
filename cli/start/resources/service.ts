import { type Apply, call, knowsOnly } from "../context";

/** `gcp.projects.Service`: an API switched on, and left on. */
export const service: Apply = async ({ type, inputs }, context) => {
    knowsOnly(type, inputs, ["service", "project", "disableOnDestroy", "disableDependentServices"]);
    const name = `projects/${inputs.project ?? context.gcp.project}/services/${inputs.service}`;
    await call(context, "POST", `/v1/${name}:enable`, {});
    return { id: String(inputs.service), outputs: {}, note: String(inputs.service) };
};
