#include "emdyn/model/lab/classifier/classifier_config.hpp"

namespace emdyn::model::lab {

CnnConfig cnn_config(const Params& params) {
  CnnConfig config;
  apply_params("cnn", kCnnFields, params, config);
  return config;
}

EnnConfig enn_config(const Params& params) {
  EnnConfig config;
  apply_params("enn", kEnnFields, params, config);
  return config;
}

}  // namespace emdyn::model::lab
