import { filesNamed, textOf } from "./helpers/source-files";

/** The bench builds this image only for the machine on which it runs. */
const OWN_PLATFORM_ONLY = ["bench/article-image/Dockerfile"];

const dockerfiles = filesNamed(/^(.+\.)?Dockerfile$/).filter((file) => !OWN_PLATFORM_ONLY.includes(file));

/** FROM lines of the stages that run programs during the build. */
function runningStages(dockerfile: string): string[] {
    const [, ...stages] = dockerfile.replaceAll("\\\n", " ").split(/^(?=FROM )/m);
    return stages.filter((stage) => /^RUN /m.test(stage)).map((stage) => stage.split("\n")[0] ?? "");
}

describe("a Dockerfile", () => {
    it.each(dockerfiles)("runs programs only in stages that are built for the builder's platform: %s", (file) => {
        for (const from of runningStages(textOf(file))) {
            expect(from).toMatch(/^FROM --platform=\$\{?BUILDPLATFORM\b/);
        }
    });

    it("builds the trainer's bundle in a stage for the builder's platform", () => {
        expect(runningStages(textOf("trainer/Dockerfile"))).toHaveLength(1);
    });
});
