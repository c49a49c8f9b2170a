#include "polarization.h"

double polarization_factor(double kahn, Vec3 *incident, Vec3 *diffracted,
                           Vec3 *axis)
{
    double psi = 0.0;
    *incident = unit(*incident);
    *diffracted = unit(*diffracted);
    *axis = unit(*axis);
    double cosine = dot(*incident, *diffracted);
    double squared = cosine * cosine;
    if (kahn != 0.0) {
        Vec3 B = unit(cross(*axis, *incident));
        Vec3 E = unit(cross(*incident, B));
        psi = -atan2(dot(*diffracted, B), dot(*diffracted, E));
    }
    return 0.5 * (1.0 + squared - kahn * cos(2.0 * psi) * (1.0 - squared));
}
