import { patientBucket } from "../../run/patient-bucket";
import { FakeBucket, FakeClock, httpError } from "./fakes";

const MINUTE = 60_000;

/** A patient client whose bucket fails with this error for the given time. */
function failing(error: Error, failingMs: number) {
    const bucket = new FakeBucket();
    const object = bucket.put("a.txt", "a");
    const clock = new FakeClock();
    const end = clock.now() + failingMs;
    let tries = 0;
    bucket.before = () => {
        tries += 1;
        if (clock.now() < end) {
            throw error;
        }
    };
    const printed: string[] = [];
    const patient = patientBucket(bucket, clock, (line) => printed.push(line));
    return { patient, object, printed, tries: () => tries };
}

describe("patientBucket", () => {
    it("retries a request for 15 minutes, with a message once a minute", async () => {
        const { patient, object, printed } = failing(httpError(503, "Backend Error"), 14 * MINUTE);

        await expect(patient.stat("a.txt")).resolves.toEqual(object);
        expect(printed).toHaveLength(14);
        expect(printed[0]).toBe("Google Cloud is not responding (Backend Error); retrying");
    });

    it("fails with the last error after 15 minutes", async () => {
        const { patient, object } = failing(httpError(503, "Backend Error"), 16 * MINUTE);

        await expect(patient.read(object)).rejects.toThrow("Backend Error");
    });

    it("fails when the credentials are rejected for the third time in a row", async () => {
        const once = failing(httpError(401, "Invalid Credentials"), 5000);
        const always = failing(httpError(401, "Invalid Credentials"), MINUTE);

        await expect(once.patient.list("a")).resolves.toHaveLength(1);
        await expect(always.patient.list("a")).rejects.toThrow("Invalid Credentials");
        expect(always.tries()).toBe(3);
    });

    it.each([
        [403, "denied"],
        [404, "No such object"],
    ])("fails immediately with status %i", async (status, message) => {
        const { patient, tries } = failing(httpError(status, message), MINUTE);

        await expect(patient.stat("a.txt")).rejects.toThrow(message);
        expect(tries()).toBe(1);
    });
});
