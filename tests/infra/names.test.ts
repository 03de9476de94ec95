import fc from "fast-check";
import { type JobIdentity, jobNames } from "../../infra/names";
import { AWKWARD_TEXTS, FUZZ } from "../helpers/fuzz";

const RFC_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const RUN_ID = "r-0123456789";

const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 120 }),
    fc.constantFrom(...AWKWARD_TEXTS),
    fc.constantFrom("google", "goog", "my.google_x", "G00GLE", "-", "", "9", "Ümlaut", "a".repeat(120), "-a-", "x--y"),
);
const anyIdentity: fc.Arbitrary<JobIdentity> = fc.record({
    project: anyText,
    pulumiProject: anyText,
    stack: anyText,
    component: anyText,
});

describe("names of resources", () => {
    it("are readable and end in a hash or the run id", () => {
        const names = jobNames({
            project: "my-project",
            pulumiProject: "gcp-trainer",
            stack: "dev",
            component: "trainer",
        });

        expect({ ...names, instance: names.instance(RUN_ID), batchJob: names.batchJob(RUN_ID) }).toEqual({
            bucket: "gcp-trainer-dev-971bc250c1",
            repository: "gcp-trainer-dev-971bc2",
            account: "gcp-trainer-dev-971bc2",
            network: "gcp-trainer-dev-971bc2-network",
            subnetwork: "gcp-trainer-dev-971bc2-subnet",
            firewall: "gcp-trainer-dev-971bc2-firewall",
            batchSubnetwork: "gcp-trainer-dev-971bc2-batch",
            label: "gcp-trainer-dev-971bc2",
            secretPrefix: "gcp-trainer-dev-971bc2",
            topic: "gcp-trainer-dev-971bc2",
            instance: "gcp-trainer-dev-971bc2-r-0123456789",
            batchJob: "gcp-trainer-dev-971bc2-r-0123456789",
        });
    });

    it("satisfy Google Cloud's rules for any project and stack name", () => {
        fc.assert(
            fc.property(anyIdentity, (identity) => {
                const { instance, batchJob, account, bucket, ...others } = jobNames(identity);

                for (const name of [instance(RUN_ID), `${batchJob(RUN_ID)}-a100`, bucket, ...Object.values(others)]) {
                    expect(name).toMatch(RFC_1035);
                    expect(name.length).toBeLessThanOrEqual(63);
                }
                expect(instance(RUN_ID).endsWith(`-${RUN_ID}`)).toBe(true);
                expect(account).toMatch(RFC_1035);
                expect(account.length).toBeGreaterThanOrEqual(6);
                expect(account.length).toBeLessThanOrEqual(30);
                expect(bucket).not.toMatch(/^goog|g[o0]{2}gle/);
            }),
            FUZZ,
        );
    });

    it("are always the same for one identity, and differ between identities", () => {
        fc.assert(
            fc.property(anyIdentity, anyIdentity, (one, other) => {
                const same = JSON.stringify(one) === JSON.stringify(other);

                expect(jobNames({ ...one }).bucket).toBe(jobNames(one).bucket);
                expect(jobNames(one).bucket === jobNames(other).bucket).toBe(same);
            }),
            FUZZ,
        );
    });
});
