// Pulumi compiles a pack that begins with a .ts file by itself, with settings of its own; Node runs the rest as it is.
import "./pack.ts";
