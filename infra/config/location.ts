import type { ConfigIssue } from "./issues";

/** A job's location on Google Cloud. */
export interface Location {
    /** Project id. */
    project: string;
    region: string;
    zone: string;
}

/** The gcp provider's own settings, any of which may be missing. */
export type RawLocation = { readonly [Key in keyof Location]?: string | undefined };

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects; older ids begin with a domain. */
const PROJECT = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
/** The placeholder for the project in this repository's stack file. */
const PLACEHOLDER = "my-project-id";
const REGION = /^[a-z]+-[a-z]+\d+$/;
const ZONE = /^([a-z]+-[a-z]+\d+)-[a-z0-9]+$/;

/** Checks project, region and zone. The region defaults to that of the zone. */
export function parseLocation(raw: RawLocation): { value: Location; issues: ConfigIssue[] } {
    const { project = "", zone = "" } = raw;
    const zoneRegion = zone.match(ZONE)?.[1];
    const region = raw.region || zoneRegion || "";
    const issues: ConfigIssue[] = [];
    const report = (key: keyof Location, must: string, example: string) => {
        issues.push({ key: `gcp:${key}`, must, got: raw[key], fix: { set: [`gcp:${key}`], value: example } });
    };
    if (!PROJECT.test(project)) {
        report("project", "must be the id of a Google Cloud project", "my-project");
    } else if (project === PLACEHOLDER) {
        report("project", "must be the id of your own project, which replaces this placeholder", "PROJECT");
    }
    if (zoneRegion === undefined) {
        report("zone", "must be a zone such as us-central1-a", `${REGION.test(region) ? region : "us-central1"}-a`);
    } else if (!REGION.test(region)) {
        report("region", "must be a region such as us-central1", zoneRegion);
    } else if (region !== zoneRegion) {
        report("region", `must be the region of gcp:zone, ${zone}`, zoneRegion);
    }
    return { value: { project, region, zone }, issues };
}
